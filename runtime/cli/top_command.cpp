#include <boost/json.hpp>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/terminal/terminal_screen.hpp"
#include "runtime/cli/top_feed.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct top_options {
  uint32_t every = 2;
  uint32_t rows = 200;
  std::string sort = "worst";
  bool is_once = false;
};

constexpr uint32_t rows_of_a_page = 20; ///< when nobody can scroll
constexpr size_t uncut = 10'000; ///< columns that no line has
constexpr std::chrono::seconds patience{5};

std::optional<connection_order> order_named(const std::string& name) {
  for (auto order : {connection_order::worst, connection_order::lateness, connection_order::name, connection_order::rate})
    if (name == name_of(order))
      return order;
  return std::nullopt;
}

bool is_terminal() {
  const auto* kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && kind && std::string_view{kind} != "dumb";
}

/// As wide as the terminal, or as COLUMNS says; nothing of what goes to a file or a pipe is cut.
screen_size size_of_page() {
  if (isatty(STDOUT_FILENO))
    return {terminal_size().width, 0};
  const auto* columns = std::getenv("COLUMNS");
  const auto width = columns ? std::strtoul(columns, nullptr, 10) : 0;
  return {width > 0 && width < uncut ? width : uncut, 0};
}

int print_once(const cli_context& context, const top_documents& documents, const top_state& state) {
  if (context.as_json) {
    std::cout << json::serialize(json::object{{"overview", documents.overview}, {"tenants", documents.connections}, {"history", documents.history}})
              << "\n";
    return exit_ok;
  }
  for (const auto& line : top_view(size_of_page(), documents, state))
    std::cout << paint(line, style_of_environment(is_terminal())) << "\n";
  return exit_ok;
}

void draw(terminal_screen& screen, const top_feed::seen& seen, const top_state& state, paint_style style) {
  std::vector<std::string> lines;
  for (const auto& line : top_view(terminal_size(), seen.documents, state))
    lines.push_back(paint(line, style));
  screen.draw(lines);
}

/// What a key does; false: the end.
bool obey(key pressed, terminal_screen& screen, top_feed& feed, const top_documents& documents, top_state& state, connection_order& order) {
  if (pressed == key::quit)
    return false;
  if (pressed == key::stop)
    screen.stop_program();
  if (auto wanted = order_of(pressed, order); wanted != order)
    feed.set_order(order = wanted);
  state.first = scrolled(state.first, pressed, connections_on_show(terminal_size(), documents), documents.connections.size());
  return true;
}

void look_on(terminal_screen& screen, top_feed& feed, top_state state, connection_order order) {
  const auto style = style_of_environment(true);
  state.has_keys = screen.has_keys();
  for (bool goes_on = true; goes_on;) {
    const auto seen = feed.look();
    state.silence = seen.silence;
    state.first = scrolled(state.first, key::none, connections_on_show(terminal_size(), seen.documents), seen.documents.connections.size());
    draw(screen, seen, state, style);
    const auto event = screen.wait(feed.wake(), std::chrono::seconds{1});
    goes_on = !event.is_over;
    for (auto pressed : event.keys)
      goes_on = goes_on && obey(pressed, screen, feed, seen.documents, state, order);
  }
}

int watch(const api_client& client, const top_options& o, top_documents first, top_state state) {
  const auto order = first.order;
  auto screen = std::make_unique<terminal_screen>(); // before the thread, which so gets no signals
  top_feed feed{client, std::chrono::seconds{o.every}, o.rows, std::move(first)};
  look_on(*screen, feed, std::move(state), order);
  screen.reset();
  if (!feed.stop())
    std::_Exit(exit_ok); // a call that is under way is not waited for
  return exit_ok;
}

int top(cli_context& context, const top_options& o) {
  const auto order = order_named(o.sort);
  if (!order)
    return complain(context, exit_usage, "--sort: found \"" + o.sort + "\", expected worst, lateness, name or rate");
  auto client = context.client();
  if (!client)
    return exit_usage;
  client->give_up_after(patience);
  const bool is_once = o.is_once || context.as_json || !is_terminal();
  top_documents documents;
  if (auto failed = ask_top(*client, *order, is_once && !context.as_json ? std::min(o.rows, rows_of_a_page) : o.rows, true, documents)) {
    int code = exit_failed;
    answer_in(context, *client, *failed, code);
    return code;
  }
  top_state state;
  state.address = client->address();
  state.has_utf8 = style_of_environment(true).has_utf8;
  state.has_keys = false;
  return is_once ? print_once(context, documents, state) : watch(*client, o, std::move(documents), std::move(state));
}

} // namespace

void add_top_command(command program, cli_context& context) {
  add_command<top_options>(
    program, context, "top", "What the cluster does and what is wrong, as it changes",
    "  lode top\n  lode top --sort lateness --every 5\n  lode top --once | less\n"
    "Keys: q ends; w, l, n and r sort by worst, lateness, name and records/s; arrows and pages scroll.\n"
    "Once, without a full screen, when standard output is no terminal.",
    [](command c, top_options& o) {
      c.option("--every", o.every, "Ask every so many seconds", {1, 3'600});
      c.option("--sort", o.sort, "worst, lateness, name or rate");
      c.option("--rows", o.rows, "At most so many connections", {1, 1'000});
      c.flag("--once", o.is_once, "Print it once and end");
    },
    top);
}

} // namespace lode

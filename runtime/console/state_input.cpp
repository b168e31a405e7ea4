#include "runtime/console/state_input.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/base64.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// Between whoever wrote the state down and this node.
constexpr std::chrono::minutes clock_difference{5};

std::optional<instant> read_time(body_reader& body, std::string_view key) {
  const auto* found = body.any(key);
  if (!found || found->is_null())
    return std::nullopt;
  auto time = found->is_string() ? parse_time(std::string{found->get_string()}) : std::nullopt;
  if (!time)
    body.complain(std::string{key} + ": expected null or a time such as 2026-01-31T08:15:00Z");
  return time;
}

class state_edit_reader {
public:
  state_edit_reader(const connection_row& connection, const state_view& state)
      : connection_(connection), state_(state) {}

  caf::expected<state_edit> read(const std::string& text) {
    body_reader body{text};
    expect_name(body, "tenant", connection_.tenant_name);
    expect_name(body, "connection", connection_.name);
    edit_.connection = connection_.id;
    each_of(body, "cursors", [this](body_reader& item) { read_cursor(item); });
    body.any("anchors"); // runs leave them; who sets a cursor of the partition to null forgets one
    each_of(body, "continuations", [this](body_reader& item) { read_continuation(item); });
    if (auto wrong = body.finish())
      return wrong;
    if (!stale_.empty())
      return caf::make_error(errc::stale_version, stale_);
    return std::move(edit_);
  }

private:
  /// What was taken from one connection is not put into another by mistake.
  static void expect_name(body_reader& body, std::string_view key, const std::string& name) {
    auto found = body.text_or(key, name);
    if (found != name)
      body.complain("this is the state of " + std::string{key} + " " + found + ", not of " + name);
  }

  template <class Read>
  void each_of(body_reader& body, std::string_view key, Read read) {
    const auto* list = body.any(key);
    if (!list)
      return;
    if (!list->is_array())
      return body.complain(std::string{key} + ": found " + kind_name(*list) + ", expected a list");
    size_t place = 0;
    for (const auto& item : list->get_array()) {
      body_reader one{json::serialize(item)};
      read(one);
      if (auto wrong = one.finish())
        body.complain(std::string{key} + "[" + std::to_string(place) + "]: " + message_of(wrong));
      ++place;
    }
  }

  void read_cursor(body_reader& item) {
    auto name = item.text("stream");
    auto stream = stream_called(name, connection_, state_);
    if (!stream)
      item.complain("connection " + connection_.name + " mines no stream " + name);
    cursor_edit out{stream.value_or(stream_id{}), item.text_or("partition", ""), read_time(item, "known_up_to"), 0};
    if (out.known_up_to && *out.known_up_to > wall_clock() + clock_difference)
      item.complain("known_up_to: " + format_time(*out.known_up_to) + " is in the future: what changes until then would never be read");
    auto version = item.number("version");
    const auto* was = item.any("was");
    if (version && was)
      item.complain("give the version or what it was, not both");
    out.expected_version = version ? *version : version_at(out, name, read_time(item, "was"));
    edit_.cursors.push_back(std::move(out));
  }

  /// For people: instead of the version an item may say at which time the cursor was.
  int64_t version_at(const cursor_edit& edit, const std::string& name, std::optional<instant> was) {
    auto found = std::ranges::find_if(state_.cursors, [&](const partition_cursor& cursor) {
      return cursor.stream == edit.stream && cursor.partition == edit.partition;
    });
    auto is_there = found != state_.cursors.end();
    auto stands = is_there ? std::optional{found->known_up_to} : std::nullopt;
    if (stands != was)
      stale_ += (stale_.empty() ? "" : "; ") + ("the cursor of " + name) + " stands at "
                + (stands ? format_time(*stands) : "nothing") + ", \"was\" says "
                + (was ? format_time(*was) : "nothing");
    return is_there ? found->version : 0;
  }

  void read_continuation(body_reader& item) {
    auto id = item.number("id");
    auto version = item.number("version");
    auto state = base64_decode(item.text("state"));
    if (!id || !version || !state)
      item.complain("expected id, version and state (base64) as `state get` shows them");
    const json::object* stands = nullptr;
    for (const auto& each : state_.shown_continuations)
      if (id && each.at("id") == *id)
        stands = &each.as_object();
    for (auto key : {"run", "stream", "partition", "from", "to"})
      if (const auto* given = item.any(key); given && stands && *given != stands->at(key))
        item.complain(std::string{key} + ": found " + json::serialize(*given) + ", but it is "
                      + json::serialize(stands->at(key)) + " and cannot be changed");
    edit_.continuations.push_back({{id.value_or(0)}, version.value_or(0), state.value_or("")});
  }

  const connection_row& connection_;
  const state_view& state_;
  state_edit edit_;
  std::string stale_;
};

} // namespace

caf::expected<state_edit> read_state_edit(const std::string& text, const connection_row& connection,
                                          const state_view& state) {
  return state_edit_reader{connection, state}.read(text);
}

} // namespace lode

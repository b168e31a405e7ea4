#include "runtime/cli/demo/display.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace lode::demo {

namespace {

std::string_view variable(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

bool speaks_utf8() {
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (auto value = variable(name); !value.empty())
      return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos || value.find("utf-8") != value.npos;
  return false;
}

/// How long the script that started this has run, as setup/lib.sh tells: one clock for all lines. 0 when no script did.
double seconds_before() {
  const auto text = variable("LODE_STARTED");
  int64_t started = 0;
  std::from_chars(text.data(), text.data() + text.size(), started);
  const auto seconds = static_cast<int64_t>(std::time(nullptr)) - started;
  constexpr int64_t day = 86'400;
  return started > 0 && seconds > 0 && seconds < day ? static_cast<double>(seconds) : 0;
}

/// In one piece, so that a terminal never shows half of a picture.
void write_out(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    auto length = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (length <= 0 && errno != EINTR)
      return;
    done += length > 0 ? static_cast<size_t>(length) : 0;
  }
}

} // namespace

display::display() : before_(seconds_before()), is_terminal_(isatty(STDOUT_FILENO) && variable("TERM") != "dumb" && !variable("TERM").empty()) {}

display::~display() {
  hide();
}

double display::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

double display::clock() const {
  return before_ + seconds();
}

screen display::measure() const {
  winsize size{};
  screen out;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    out.width = size.ws_col;
  out.has_colours = variable("NO_COLOR").empty();
  out.has_utf8 = speaks_utf8();
  return out;
}

void display::say(const std::string& text) {
  print("[" + clock_text(clock()) + "] " + text + "\n");
}

void display::print(const std::string& text) {
  if (is_terminal_)
    write_over(text, bars_);
  else
    write_out(text);
}

void display::show(const progress& now) {
  if (is_terminal_)
    return write_over("", render_bars(now, measure()));
  auto moment = std::chrono::steady_clock::now();
  if (moment - last_line_ < std::chrono::seconds{2})
    return;
  last_line_ = moment;
  say(render_line(now));
}

void display::hide() {
  if (is_terminal_ && !bars_.empty())
    write_over("", {});
}

void display::write_over(const std::string& above, const std::vector<std::string>& bars) {
  std::string out;
  if (!bars_.empty())
    out += "\r\x1b[" + std::to_string(bars_.size()) + "A";
  for (char c : above)
    out += c == '\n' ? "\x1b[K\n" : std::string(1, c);
  for (const auto& each : bars)
    out += each + "\x1b[K\n";
  bars_ = bars;
  write_out(out + "\x1b[J");
}

} // namespace lode::demo

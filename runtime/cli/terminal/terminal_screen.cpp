#include "runtime/cli/terminal/terminal_screen.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace lode {

namespace {

constexpr std::array ending{SIGINT, SIGTERM, SIGHUP};
constexpr const char* enter = "\x1b[?1049h\x1b[?25l\x1b[?7l"; // alternate screen, no cursor, no line breaks of the terminal's own
constexpr const char* leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

volatile std::sig_atomic_t was_told_to_end = 0;
volatile std::sig_atomic_t was_resized = 0;

void note_end(int) {
  was_told_to_end = 1;
}
void note_size(int) {
  was_resized = 1;
}

/// False when nobody reads any more.
bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    auto written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR)
      return false;
    bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

std::string environment(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

} // namespace

screen_size terminal_size() {
  winsize found{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0)
    return {};
  return {found.ws_col, found.ws_row};
}

paint_style style_of_environment(bool is_terminal) {
  auto locale = environment("LC_ALL");
  for (const auto* name : {"LC_CTYPE", "LANG"})
    locale = locale.empty() ? environment(name) : locale;
  std::ranges::transform(locale, locale.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool has_utf8 = locale.find("utf-8") != locale.npos || locale.find("utf8") != locale.npos;
  return {is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb", has_utf8};
}

/// What has to be put back.
struct terminal_screen::parts {
  int keys = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
  termios mode{};
  sigset_t mask{};
  std::array<struct sigaction, ending.size()> actions{};
  struct sigaction resized {};
  std::string shown;
  bool is_gone = false; ///< nobody reads what is written

  void take_terminal() {
    if (keys >= 0 && tcgetattr(keys, &mode) == 0) {
      auto raw = mode;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
      raw.c_cc[VMIN] = 1;
      raw.c_cc[VTIME] = 0;
      tcsetattr(keys, TCSADRAIN, &raw);
    }
    shown.clear();
    is_gone = !write_all(enter);
  }

  void give_terminal_back() {
    write_all(leave);
    if (keys >= 0)
      tcsetattr(keys, TCSADRAIN, &mode);
  }

  /// Blocked but while it waits: none comes between a look at the marks and the wait.
  void take_signals() {
    was_told_to_end = 0;
    was_resized = 0;
    struct sigaction action = {};
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < ending.size(); ++i) {
      sigaddset(&held, ending[i]);
      action.sa_handler = note_end;
      sigaction(ending[i], &action, &actions[i]);
    }
    sigaddset(&held, SIGWINCH);
    action.sa_handler = note_size;
    sigaction(SIGWINCH, &action, &resized);
    pthread_sigmask(SIG_BLOCK, &held, &mask);
  }

  void give_signals_back() {
    for (size_t i = 0; i < ending.size(); ++i) {
      std::signal(ending[i], SIG_IGN); // forgets one that waits: a terminal that hangs up sends it twice
      sigaction(ending[i], &actions[i], nullptr);
    }
    sigaction(SIGWINCH, &resized, nullptr);
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  }
};

terminal_screen::terminal_screen() : parts_(std::make_unique<parts>()) {
  parts_->take_signals();
  parts_->take_terminal();
}

terminal_screen::~terminal_screen() {
  parts_->give_terminal_back();
  parts_->give_signals_back();
}

bool terminal_screen::has_keys() const noexcept {
  return parts_->keys >= 0;
}

void terminal_screen::draw(const std::vector<std::string>& lines) {
  std::string out = "\x1b[H";
  for (size_t i = 0; i < lines.size(); ++i)
    out += (i ? "\r\n" : "") + lines[i] + "\x1b[K";
  out += "\x1b[J";
  if (out == parts_->shown)
    return;
  parts_->is_gone = !write_all(out);
  parts_->shown = std::move(out);
}

terminal_event terminal_screen::wait(int wake, std::chrono::milliseconds limit) {
  std::array<pollfd, 2> sources{pollfd{parts_->keys, POLLIN, 0}, pollfd{wake, POLLIN, 0}};
  timespec time{limit.count() / 1'000, limit.count() % 1'000 * 1'000'000};
  terminal_event out;
  const auto ready = ppoll(sources.data(), sources.size(), &time, &parts_->mask);
  if (was_resized) {
    was_resized = 0;
    parts_->shown.clear(); // the terminal may have moved what stood there
  }
  if (ready > 0 && sources[0].revents != 0) {
    std::array<char, 256> bytes;
    const auto size = ::read(parts_->keys, bytes.data(), bytes.size());
    if (size > 0)
      out.keys = keys_of({bytes.data(), static_cast<size_t>(size)});
    out.is_over = size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN);
  }
  out.is_over = out.is_over || was_told_to_end || parts_->is_gone;
  return out;
}

void terminal_screen::stop_program() {
  parts_->give_terminal_back();
  std::raise(SIGSTOP);
  parts_->take_terminal();
}

} // namespace lode

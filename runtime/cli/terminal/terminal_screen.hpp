#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cli/terminal/keys.hpp"
#include "runtime/cli/terminal/top_view.hpp"

namespace lode {

/// The width and height of the terminal behind standard output; 80 by 24 when it does not say.
screen_size terminal_size();

/// How the environment wants its text: NO_COLOR and TERM=dumb take colour away, a locale without UTF-8 what is not ASCII.
paint_style style_of_environment(bool is_terminal);

/// What happened on a terminal.
struct terminal_event {
  std::vector<key> keys;
  bool is_over = false; ///< a signal asks for the end, or the terminal has gone
};

/// Standard output as a full screen, from the constructor to the destructor: the alternate screen, no cursor, keys one by one. Then
/// the terminal is as it was, whether a key, a signal (SIGINT, SIGTERM, SIGHUP) or an exception ended it. One at a time, in one thread;
/// threads that are started meanwhile get no signals.
class terminal_screen {
public:
  terminal_screen();
  ~terminal_screen();
  terminal_screen(const terminal_screen&) = delete;
  terminal_screen& operator=(const terminal_screen&) = delete;

  /// Whether keys can be read: standard input is a terminal, too.
  bool has_keys() const noexcept;
  /// Shows lines that are painted already. The same as before costs nothing.
  void draw(const std::vector<std::string>& lines);
  /// Until a key is pressed, the size changes, a signal comes, `wake` can be read, or the time is over.
  terminal_event wait(int wake, std::chrono::milliseconds limit);
  /// Gives the terminal back and stops the program, as ctrl-Z does elsewhere; returns when it is continued.
  void stop_program();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace lode

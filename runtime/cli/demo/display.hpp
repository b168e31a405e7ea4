#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "runtime/cli/demo/progress_lines.hpp"

namespace lode::demo {

/// Standard output: on a terminal bars that are drawn over in place, elsewhere a plain line every two seconds. NO_COLOR
/// and TERM=dumb count.
class display {
public:
  display();
  ~display();

  /// Something happened: a line that stays, with the time since the start of the script that began all, else of this.
  void say(const std::string& text);
  /// Text that stays, as it is.
  void print(const std::string& text);
  void show(const progress& now);
  /// Takes the bars away.
  void hide();

  /// Since this was made.
  double seconds() const;

private:
  double clock() const;
  screen measure() const;
  void write_over(const std::string& above, const std::vector<std::string>& bars);

  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_line_{};
  double before_; ///< seconds that the script ran before
  bool is_terminal_;
  std::vector<std::string> bars_; ///< as they stand on the terminal
};

} // namespace lode::demo

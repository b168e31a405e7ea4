#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lode {

/// How a piece of text is stressed. A tone never says more than the words do.
enum class tone : unsigned char { plain, strong, faint, good, warning, critical };

struct piece {
  std::string text; ///< printable
  tone how = tone::plain;
};

/// One line of a screen.
class screen_line {
public:
  screen_line() = default;
  explicit screen_line(std::string text, tone how = tone::plain) { add(std::move(text), how); }

  screen_line& add(std::string text, tone how = tone::plain);
  /// Cut to a width; the last column shows that it was.
  screen_line within(size_t columns) const;
  size_t columns() const;
  /// Without tones and without blanks at its end.
  std::string text() const;
  const std::vector<piece>& pieces() const noexcept { return pieces_; }

private:
  std::vector<piece> pieces_;
};

struct paint_style {
  bool has_colour = false;
  bool has_utf8 = true;
};

/// The bytes of a line, without its end.
std::string paint(const screen_line& line, paint_style style);

} // namespace lode

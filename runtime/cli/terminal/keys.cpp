#include "runtime/cli/terminal/keys.hpp"

#include <algorithm>
#include <array>

namespace lode {

namespace {

struct binding {
  std::string_view bytes;
  key meant;
};

/// Arrows come as CSI or as SS3, Home and End in either or with a number.
constexpr std::array sequences{binding{"\x1b[A", key::up},      binding{"\x1bOA", key::up},        binding{"\x1b[B", key::down},
                               binding{"\x1bOB", key::down},    binding{"\x1b[5~", key::page_up},  binding{"\x1b[6~", key::page_down},
                               binding{"\x1b[H", key::home},    binding{"\x1bOH", key::home},      binding{"\x1b[1~", key::home},
                               binding{"\x1b[F", key::end},     binding{"\x1bOF", key::end},       binding{"\x1b[4~", key::end}};

key letter_of(char c) {
  switch (c) {
    case 'q':
    case '\x03': return key::quit; // ctrl-C: the terminal sends no signals
    case '\x1a': return key::stop; // ctrl-Z
    case 'w': return key::worst;
    case 'l': return key::lateness;
    case 'n': return key::name;
    case 'r': return key::rate;
    case 'k': return key::up;
    case 'j': return key::down;
    case ' ': return key::page_down;
    default: return key::none;
  }
}

/// How long the escape sequence at the beginning of `bytes` is: "\x1b[" up to its letter, "\x1bO" and a letter, else the escape alone.
size_t length_of_sequence(std::string_view bytes) {
  if (bytes.size() > 1 && bytes[1] == 'O')
    return std::min<size_t>(3, bytes.size());
  if (bytes.size() < 2 || bytes[1] != '[')
    return 1;
  size_t end = 2;
  while (end < bytes.size() && (bytes[end] < '@' || bytes[end] > '~'))
    ++end;
  return std::min(end + 1, bytes.size());
}

} // namespace

std::vector<key> keys_of(std::string_view bytes) {
  std::vector<key> out;
  while (!bytes.empty()) {
    const auto size = bytes[0] == '\x1b' ? length_of_sequence(bytes) : 1;
    const auto sequence = bytes.substr(0, size);
    const auto* found = std::ranges::find(sequences, sequence, &binding::bytes);
    if (auto meant = found != sequences.end() ? found->meant : letter_of(bytes[0]); meant != key::none)
      out.push_back(meant);
    bytes.remove_prefix(size);
  }
  return out;
}

size_t scrolled(size_t first, key pressed, size_t on_show, size_t count) {
  const auto last = count > on_show ? count - on_show : 0;
  const auto back = [&](size_t by) { return first > by ? first - by : 0; };
  switch (pressed) {
    case key::up: return std::min(back(1), last);
    case key::down: return std::min(first + 1, last);
    case key::page_up: return std::min(back(on_show), last);
    case key::page_down: return std::min(first + on_show, last);
    case key::end: return last;
    case key::home:
    case key::worst:
    case key::lateness:
    case key::name:
    case key::rate: return 0;
    default: return std::min(first, last);
  }
}

connection_order order_of(key pressed, connection_order present) {
  switch (pressed) {
    case key::worst: return connection_order::worst;
    case key::lateness: return connection_order::lateness;
    case key::name: return connection_order::name;
    case key::rate: return connection_order::rate;
    default: return present;
  }
}

} // namespace lode

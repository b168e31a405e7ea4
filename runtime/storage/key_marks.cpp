#include "runtime/storage/key_marks.hpp"

namespace lode {

// The lowest byte first, whatever the machine: a store may outlive it.

std::string pack_marks(std::span<const uint64_t> marks) {
  std::string out;
  out.reserve(marks.size() * 8);
  for (auto mark : marks)
    for (int shift = 0; shift < 64; shift += 8)
      out.push_back(static_cast<char>(mark >> shift));
  return out;
}

void unpack_marks(std::string_view packed, std::vector<uint64_t>& out) {
  out.reserve(out.size() + packed.size() / 8);
  for (size_t at = 0; at + 8 <= packed.size(); at += 8) {
    uint64_t mark = 0;
    for (size_t i = 0; i < 8; ++i)
      mark |= uint64_t{static_cast<unsigned char>(packed[at + i])} << (8 * i);
    out.push_back(mark);
  }
}

} // namespace lode

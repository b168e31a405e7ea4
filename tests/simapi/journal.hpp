#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simapi {

enum class entry_type : uint8_t {
  header = 'H',  // the world's fingerprint
  ports = 'P',   // u16 data port, u16 control port
  command = 'C', // i64 real time, u32 length of path, path, body: a control command that changed something
  serial = 'O',  // u32 tenant, u32 rotation, u32 serial: a token was issued
  sending = 'I', // u64 ticket, u32 tenant, u8 stream, then (u32 index, u32 version)...: about to be sent; deletes with delete_flag
  sent = 'S',    // u64 ticket: sent completely
  unsent = 'U',  // u64 ticket: it failed, the client has not got all of it
  released = 'R', // u32 tenant, u64 number: an event that was late was let go
  answered = 'W'  // u32 hook, then u64 number...: a webhook's events were answered 2xx
};

struct journal_entry {
  entry_type type;
  std::string body;
};

/// An append-only file of framed entries. Each append is one write(), so what was appended survives the death of the process
/// (not of the machine). A torn entry at the end is cut off when the file is opened.
class journal {
public:
  journal() = default;
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;
  ~journal();

  /// Opens or creates the file and answers what it holds. Throws std::runtime_error.
  std::vector<journal_entry> open(const std::string& path);

  bool is_open() const { return file_ >= 0; }
  void append(entry_type type, std::string_view body);

private:
  int file_ = -1;
  std::string buffer_;
};

/// Numbers in native byte order: the file never leaves the machine.
template <class Number>
void put(std::string& out, Number value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Takes a number from the front; 0 if too little is left.
template <class Number>
Number get(std::string_view& in) {
  Number value{};
  if (in.size() < sizeof value) {
    in = {};
    return value;
  }
  __builtin_memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return value;
}

} // namespace simapi

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// One answer of Redis (RESP2).
struct redis_reply {
  enum class kind : uint8_t { nil, number, text, error, list };

  kind what = kind::nil;
  int64_t number = 0;
  std::string text; ///< of text and error; bytes, not necessarily UTF-8
  std::vector<redis_reply> items;

  bool is_text() const noexcept { return what == kind::text; }
  bool is_error() const noexcept { return what == kind::error; }
};

/// The words of one command; bytes.
using redis_command = std::vector<std::string_view>;

/// Appends `command` as it goes over the wire.
void append_command(std::string& out, const redis_command& command);

/// Makes replies of what arrives in pieces.
class redis_parser {
public:
  redis_parser();
  ~redis_parser();
  redis_parser(const redis_parser&) = delete;
  redis_parser& operator=(const redis_parser&) = delete;

  void feed(std::string_view bytes);
  enum class result : uint8_t { complete, needs_more, broken };
  /// After `broken` the connection is of no use; `out.text` says why.
  result next(redis_reply& out);

private:
  struct reader;
  std::unique_ptr<reader> reader_;
};

} // namespace lode

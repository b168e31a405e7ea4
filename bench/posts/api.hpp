#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/posts/post_text.hpp"

namespace bench {

struct api_settings {
  uint64_t seed = 1;
  uint32_t tenants = 1;
  uint32_t records = 100; ///< of each tenant
};

struct api_answer {
  int status = 200;
  std::string body;
};

/// What the provider answers, without a socket:
///   GET /v1/ACCOUNT/posts?limit=100[&after=TOKEN]   {"data":[...],"paging":{"after":"TOKEN"}}; no `after` on the last page
///   GET /control/stats                              pages served and when, since the pass began
///   GET /control/tenants                            one account per line
///   POST /control/pass/N                            a pass begins: other orders of keys (0: the natural one), counters at 0
class posts_api {
public:
  static constexpr uint32_t page_size = 100;

  explicit posts_api(const api_settings& settings) : settings_(settings), posts_(settings.seed, 0) {}

  /// Keeps the memory of `out`.
  void answer(std::string_view method, std::string_view target, api_answer& out);

private:
  void serve_page(std::string_view account, std::string_view query, api_answer& out);
  void begin_pass(std::string_view number, api_answer& out);
  std::string stats() const;

  api_settings settings_;
  post_writer posts_;
  uint64_t pages_ = 0;
  int64_t first_request_us_ = 0; ///< microseconds since the epoch, by the system's clock
  int64_t last_request_us_ = 0;
};

} // namespace bench

#pragma once

#include "tests/simapi/world.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simapi {

/// Decoded parameters of a query or a form, in order.
class parameters {
public:
  /// Reads `a=1&b=2`, decoding %XX and +.
  explicit parameters(std::string_view text = {});

  /// The first value of this name, or nullptr.
  const std::string* find(std::string_view name) const;

private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// A request on the data port, as far as the dialects care.
struct request {
  bool post = false;
  std::string target;
  std::string path; // target without its query, not decoded
  parameters query;
  std::string host; // Host header, safe to be echoed
  std::string bearer;
  std::string shop_key;
  std::string body;
  bool accepts_gzip = false;
  bool upgrades = false; // to a WebSocket

  /// The path's parts between slashes.
  std::vector<std::string_view> parts() const;
};

/// An answer before it is framed. The body is prefix, block, suffix.
struct answer {
  uint16_t status = 200;
  std::string_view content_type = "application/json; charset=utf-8";
  std::string headers; // further lines, each with CRLF
  std::string prefix;
  std::shared_ptr<page_block> block;
  std::string suffix;

  size_t body_size() const { return prefix.size() + (block ? block->text.size() : 0) + suffix.size(); }
};

/// An answer with a body and nothing else.
answer plain_answer(uint16_t status, std::string body);

std::string percent_encode(std::string_view text);

/// The text as the inside of a JSON string; `escape_slashes` as the graph dialect does.
std::string json_escape(std::string_view text, bool escape_slashes = false);

/// The target with the values of secret parameters masked.
std::string without_secrets(const std::string& target);

/// Only what may stand in a host header; the rest is dropped.
std::string safe_host(std::string_view host);

} // namespace simapi

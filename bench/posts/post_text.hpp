#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// One value from several, well mixed (splitmix64).
uint64_t mix(uint64_t a, uint64_t b = 0, uint64_t c = 0);

/// The account of a tenant, as paths name it, and back.
std::string account_of(uint32_t tenant);
std::optional<uint32_t> tenant_of(std::string_view account);

/// The primary key of a post, as its `id` says it.
std::string post_key(uint32_t tenant, uint32_t number);

/// Writes the JSON text of posts, each `record_bytes` long. What a post says depends on (seed, tenant, number, version) alone;
/// in which order its keys stand, nested ones too, depends on the pass. Costs little more than copying the text: a few
/// dozen texts are made beforehand and get the digits that make each post another one.
class post_writer {
public:
  static constexpr size_t record_bytes = 520;

  post_writer(uint64_t seed, uint32_t pass);

  void append(std::string& out, uint32_t tenant, uint32_t number, uint32_t version = 0) const;

private:
  enum class digits : uint8_t { account, number, reach };
  struct slot {
    uint16_t offset;
    digits what;
  };
  struct form {
    std::string text;
    std::vector<slot> slots;
  };
  static form make_form(uint64_t content, uint64_t order);

  uint64_t seed_;
  std::vector<form> forms_;
};

} // namespace bench

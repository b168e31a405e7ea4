#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// Takes known secrets out of texts that people are shown: each of them as it is, percent-encoded, escaped as in JSON, and in Base64,
/// alone or amid other text. What only looks like a secret is redact()'s to find; both are used.
class secret_mask {
public:
  explicit secret_mask(const std::vector<std::string>& secrets);

  std::string apply(std::string_view text) const;
  /// The beginning of `text`, masked and redacted, at most `most` bytes long. Bounded work, however long the text is; nothing of a
  /// secret shows, also where the end cuts one in two.
  std::string excerpt(std::string_view text, size_t most) const;

private:
  std::string masked(std::string_view text, bool goes_on) const;
  size_t match(std::string_view text, size_t at, bool goes_on) const;

  std::vector<std::string> secrets_; ///< longer ones first
};

} // namespace lode

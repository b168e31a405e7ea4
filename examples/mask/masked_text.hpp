#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lode::examples {

/// One thing to be looked for.
struct mask_pattern {
  std::shared_ptr<const re2::RE2> expression;
  bool is_card = false; ///< what matches counts only if its digits pass the Luhn check, as those of payment cards do
};

/// The pattern of this name (`email`, `card_number`), or nothing.
std::optional<mask_pattern> preset_pattern(std::string_view name);

/// What is put in the place of what was found.
struct mask_form {
  bool is_hash = false; ///< the hash of what was found, with the seed: equal texts stay equal; else "***"
  uint64_t seed = 0;
};

/// `text` with all that the patterns find replaced; nothing if they find nothing. Finds that overlap or touch are one.
std::optional<std::string> masked_text(std::string_view text, const std::vector<mask_pattern>& patterns,
                                       const mask_form& form);

} // namespace lode::examples

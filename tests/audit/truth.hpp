#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace audit {

struct served_version {
  uint64_t number = 0;
  std::string_view text;
};

/// One key as the simulated API knows it. Texts are views into truth_of_tenant::text.
struct truth_record {
  std::string stream;
  std::string key;
  uint64_t version = 0; ///< of `final`
  bool deleted = false;
  bool was_told_deleted = false;     ///< an event said so, once at least
  bool uncertain = false;            ///< the last version in `served` may not have arrived
  std::string_view final;            ///< empty when deleted
  std::vector<served_version> served; ///< in the order in which they came into being
};

struct truth_of_tenant {
  std::shared_ptr<const std::string> text;
  std::vector<truth_record> records;
};

/// Throws could_not_audit.
class truth_source {
public:
  virtual ~truth_source() = default;
  virtual std::vector<std::string> tenants() = 0;
  /// Called from several threads.
  virtual truth_of_tenant read(const std::string& tenant) = 0;
};

/// `where` is `http://HOST:PORT` (the control port of lode-simapi) or a file of truth lines.
std::unique_ptr<truth_source> open_truth(const std::string& where);

/// Reads truth lines. Throws could_not_audit with the line's number.
truth_of_tenant parse_truth(std::string text);

/// The text of one member of a JSON object's text, as it stands there; empty when there is none.
std::string_view member_text(std::string_view object, std::string_view key);

} // namespace audit

#include "runtime/extraction/redact_step.hpp"

#include <algorithm>

#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "runtime/extraction/json_tree.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/manifest/component.hpp"

namespace lode {

namespace {

struct redacted_fields {
  std::vector<field_path> remove;
  std::vector<field_path> mask;
  std::vector<field_path> hash;
};

void replace(json_tree& item, std::string text) {
  // No value is no secret, and readers can still tell that there was none.
  if (item.kind != json_kind::null)
    item = {json_kind::string, '"' + text + '"', {}, {}};
}

std::string hashed(const json_tree& item, uint64_t seed) {
  std::string canonical;
  if (canonical_form(item.to_json(), {}, canonical))
    return "***";
  return to_text(hash_of(canonical, seed));
}

class redact_step final : public processor_step {
public:
  explicit redact_step(redacted_fields fields) : fields_(std::move(fields)) {}

  step_result apply(json_tree& record, const step_inputs& inputs) const override {
    for (const auto& path : fields_.remove)
      record.remove(path);
    for (const auto& path : fields_.mask)
      record.change(path, [](json_tree& item) { replace(item, "***"); });
    for (const auto& path : fields_.hash)
      record.change(path, [&](json_tree& item) { replace(item, hashed(item, inputs.hash_seed)); });
    return {};
  }

private:
  redacted_fields fields_;
};

/// Whether `path` leads to a field of the key or to what holds one.
bool touches(const field_path& path, const field_path& key) {
  return path.size() <= key.size()
         && std::equal(path.begin(), path.end(), key.begin(),
                       [](const auto& pattern, const auto& name) { return matches_glob(pattern, name); });
}

/// Records whose key is masked would fall together in one row.
void refuse_keys(const step_request& request, std::string_view name, const std::vector<field_path>& paths) {
  for (const auto& path : paths)
    for (const auto& key : request.primary_key)
      if (touches(path, key))
        request.settings.error("'" + path.back() + "' is part of the primary key, by which records are told apart; only "
                               "'hash' keeps them apart",
                               name);
}

} // namespace

processor_step_pointer make_redact_step(const step_request& request) {
  const auto& settings = request.settings;
  settings.refuse_unknown({"remove", "mask", "hash"});
  redacted_fields fields{settings.paths("remove"), settings.paths("mask"), settings.paths("hash")};
  refuse_keys(request, "remove", fields.remove);
  refuse_keys(request, "mask", fields.mask);
  if (fields.remove.empty() && fields.mask.empty() && fields.hash.empty())
    settings.error("redact needs fields under 'remove', 'mask' or 'hash', e.g. mask: [email, [address, street]]");
  return std::make_shared<const redact_step>(std::move(fields));
}

} // namespace lode

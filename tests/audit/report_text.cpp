#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "tests/audit/run_audit.hpp"

namespace audit {

std::string to_text(const audit_outcome& outcome) {
  const auto& total = outcome.total;
  std::string text;
  for (const auto& each : total.defects)
    text += std::string{defect_names[static_cast<size_t>(each.kind)]} + "  " + each.tenant + " " + each.stream + " " + each.key
            + ": " + each.detail + "\n";
  int64_t found = 0;
  for (auto count : total.kinds)
    found += count;
  if (found > static_cast<int64_t>(total.defects.size()))
    text += ".. and " + std::to_string(found - static_cast<int64_t>(total.defects.size())) + " more\n";
  text += "audit: " + std::to_string(total.tenants) + " tenants, " + std::to_string(total.rows) + " records, "
          + std::to_string(total.feed_entries) + " feed entries against " + std::to_string(total.versions_served)
          + " versions served: lost " + std::to_string(total.lost) + ", duplicated " + std::to_string(total.duplicated)
          + ", damaged " + std::to_string(total.damaged) + "\n";
  for (size_t i = 0; i < defect_kinds; ++i)
    if (total.kinds[i] > 0)
      text += "  " + std::string{defect_names[i]} + " " + std::to_string(total.kinds[i]) + "\n";
  if (total.dead_lettered > 0)
    text += "  excused: " + std::to_string(total.dead_lettered) + " versions are dead letters\n";
  if (outcome.not_audited > 0)
    text += "  not audited: " + std::to_string(outcome.not_audited) + " tenants of the store that the truth does not know\n";
  return text + (total.is_clean() ? "verified\n" : "NOT VERIFIED\n");
}

std::string to_json(const audit_outcome& outcome, double seconds) {
  const auto& total = outcome.total;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer writer{buffer};
  auto put = [&](const char* key, int64_t value) {
    writer.Key(key);
    writer.Int64(value);
  };
  auto put_text = [&](const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  writer.Key("verified");
  writer.Bool(total.is_clean());
  put("tenants", total.tenants);
  put("keys", total.keys);
  put("records", total.rows);
  put("feed_entries", total.feed_entries);
  put("versions_served", total.versions_served);
  put("lost", total.lost);
  put("duplicated", total.duplicated);
  put("damaged", total.damaged);
  put("dead_lettered", total.dead_lettered);
  put("not_audited", outcome.not_audited);
  writer.Key("seconds");
  writer.Double(seconds);
  writer.Key("kinds");
  writer.StartObject();
  for (size_t i = 0; i < defect_kinds; ++i)
    if (total.kinds[i] > 0)
      put(defect_names[i], total.kinds[i]);
  writer.EndObject();
  writer.Key("defects");
  writer.StartArray();
  for (const auto& each : total.defects) {
    writer.StartObject();
    put_text("kind", defect_names[static_cast<size_t>(each.kind)]);
    put_text("tenant", each.tenant);
    put_text("stream", each.stream);
    put_text("key", each.key);
    put_text("detail", each.detail);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return std::string{buffer.GetString(), buffer.GetSize()} + "\n";
}

} // namespace audit

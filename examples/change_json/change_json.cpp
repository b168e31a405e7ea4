#include "examples/change_json/change_json.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>

#include <algorithm>

#include "runtime/extraction/content_hash.hpp"

namespace lode::examples {

namespace {

std::string_view name_of(change_kind kind) {
  return kind == change_kind::inserted ? "inserted" : kind == change_kind::deleted ? "deleted" : "updated";
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view{text.data(), text.size()});
}

/// Within JSON's strings there are no raw line breaks: those that are there stand between tokens.
std::string on_one_line(std::string json) {
  std::ranges::replace_if(
    json, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return json;
}

} // namespace

std::string members_of(const delivered_change& change) {
  auto text = fmt::format(
    R"("seq":{},"tenant":{},"connection":{},"source":{},"stream":{},"change":"{}","key":{},"hash":"{}","committed":"{}")",
    change.seq, quoted(change.tenant), quoted(change.connection), quoted(change.source), quoted(change.stream),
    name_of(change.kind), quoted(change.key), to_text(change.hash), time_text(change.committed));
  if (change.is_replaced)
    text += R"(,"replaced":true)";
  else if (change.kind != change_kind::deleted)
    text += R"(,"record":)" + on_one_line(change.payload);
  return text;
}

std::string time_text(instant time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto fraction = (time - second).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(second.time_since_epoch().count()))
         + (fraction ? fmt::format(".{:06}", fraction) : "") + "Z";
}

} // namespace lode::examples

#include "runtime/console/connection_input.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

#include "config/text_values.hpp"
#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/given_check.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace json = boost::json;

namespace {

json::object parse_object(const std::string& text) {
  json::error_code problem;
  auto value = text.empty() ? json::value(json::object{}) : json::parse(text, problem);
  return !problem && value.is_object() ? std::move(value.get_object()) : json::object{};
}

caf::expected<std::vector<stream_row>> choose_streams(const connection_input& input, const manifest_summary& manifest) {
  std::vector<stream_row> out;
  std::string mistakes;
  for (const auto& name : input.streams.value_or(manifest.streams)) {
    if (!std::ranges::count(manifest.streams, name)) {
      auto meant = setting_text::nearest_name(name, manifest.streams);
      mistakes += "source " + input.source + " has no stream " + name + (meant.empty() ? "" : ", did you mean " + meant + "?") + " ";
    } else if (std::ranges::count(out, name, &stream_row::name) == 0) {
      out.push_back({{}, name, 0});
    }
  }
  if (!mistakes.empty())
    return caf::make_error(errc::bad_argument, mistakes.substr(0, mistakes.size() - 1));
  if (out.empty())
    return caf::make_error(errc::bad_argument, "streams: expected at least one stream of source " + input.source);
  return out;
}

caf::expected<manifest_summary> usable_manifest(const source_row& source, api_context& context) {
  auto manifest = context.services.inspect_manifest(source.name, source.manifest);
  if (manifest.is_usable)
    return manifest;
  return caf::make_error(errc::bad_source, "source " + source.name + " cannot be executed; see lode source lint");
}

/// With the secrets that are stored where none are given: they stay.
caf::error check_against(const manifest_summary& manifest, const connection_input& input, const caf::expected<connection_row>& before,
                         api_context& context) {
  if (!input.secrets.empty() || !before || before->sealed_secrets.empty())
    return check_given(manifest, input.configuration, input.secrets, given_part::both);
  auto stored = context.services.open_secrets(before->sealed_secrets);
  // What cannot be opened is told of when it is used; it must not keep a new schedule out.
  return check_given(manifest, input.configuration, stored ? *stored : std::string{}, given_part::configuration);
}

/// Mistakes of who asks as one; what is none of theirs, an outage, alone.
caf::error all_of(const std::vector<caf::error>& found) {
  std::string text;
  for (const auto& each : found) {
    if (each && each != errc::bad_argument)
      return each;
    if (each)
      text += (text.empty() ? "" : "; ") + message_of(each);
  }
  return text.empty() ? caf::error{} : caf::make_error(errc::bad_argument, std::move(text));
}

std::optional<std::string> read_schedule(body_reader& body) {
  const auto* found = body.any("schedule");
  if (!found)
    return std::nullopt;
  if (!found->is_object() && !found->is_null())
    body.complain("schedule: found " + kind_name(*found) + ", expected an object, or null for no schedule");
  return found->is_object() ? json::serialize(*found) : "";
}

} // namespace

std::string schedule_json(const schedule_settings& settings) {
  constexpr std::array missed{"run_once", "skip"};
  return json::serialize(json::object{{"every", setting_text::format_duration(settings.every)},
                                      {"jitter", setting_text::format_duration(settings.jitter)},
                                      {"missed", missed[static_cast<size_t>(settings.missed)]}});
}

connection_input read_connection(std::string name, body_reader& body) {
  connection_input out;
  out.name = std::move(name);
  out.source = body.text("source");
  out.configuration = body.object("configuration");
  out.secrets = body.object("secrets");
  out.schedule = read_schedule(body);
  out.streams = body.texts("streams");
  return out;
}

caf::expected<std::string> seal_secrets(const std::string& secrets, api_context& context) {
  return context.services.seal_secrets(secrets);
}

caf::expected<checked_connection> check_connection(std::optional<tenant_id> tenant, connection_input input, api_context& context) {
  if (auto wrong = check_name("connection", input.name))
    return wrong;
  auto source = find_source(*context.stores.catalog, input.source);
  if (!source)
    return source.error();
  auto manifest = usable_manifest(*source, context);
  if (!manifest)
    return manifest.error();
  const auto before = tenant ? context.stores.catalog->find_connection(*tenant, input.name)
                             : caf::expected<connection_row>{caf::make_error(errc::not_found)};
  if (!before && before.error() != errc::not_found)
    return before.error();
  auto schedule = input.schedule.value_or(context.services.default_schedule);
  auto planned = schedule.empty() ? caf::expected<new_schedule>{new_schedule{}} : context.services.check_schedule(schedule);
  auto streams = choose_streams(input, *manifest);
  auto given = check_against(*manifest, input, before, context);
  if (auto wrong = all_of({planned ? caf::error{} : planned.error(), streams ? caf::error{} : streams.error(), std::move(given)}))
    return wrong;
  checked_connection out;
  out.first_due = planned->first_due;
  out.is_new = !before;
  out.row.name = input.name;
  out.row.source = source->id;
  out.row.source_name = source->name;
  out.row.configuration = input.configuration;
  out.row.schedule = schedule;
  out.row.priority = planned->priority;
  out.row.streams = std::move(*streams);
  if (!input.secrets.empty()) {
    auto sealed = seal_secrets(input.secrets, context);
    if (!sealed)
      return sealed.error();
    out.row.sealed_secrets = std::move(*sealed);
  }
  return out;
}

caf::expected<connection_row> store_connection(const tenant_row& tenant, const checked_connection& checked, api_context& context) {
  auto row = context.stores.catalog->put_connection(tenant.id, checked.row, checked.first_due);
  if (!row)
    return row;
  // A change ends what is under way: the first run of a new connection may have begun when the word of it arrives.
  if (checked.is_new)
    context.services.node->connection_added(tenant.id, row->id);
  else
    context.services.node->connection_changed(tenant.id, row->id);
  return row;
}

json::object shown_connection(const connection_row& row, api_context& context) {
  json::object secrets;
  if (!row.sealed_secrets.empty())
    if (auto opened = context.services.open_secrets(row.sealed_secrets))
      for (const auto& entry : parse_object(*opened))
        secrets[entry.key()] = "***";
  json::array streams;
  for (const auto& stream : row.streams)
    streams.emplace_back(stream.name);
  json::object out{{"tenant", row.tenant_name}, {"name", row.name}, {"source", row.source_name}};
  out["state"] = json::string_view{name_of(row.state).data(), name_of(row.state).size()};
  out["reason"] = redact(row.reason);
  out["streams"] = std::move(streams);
  out["schedule"] = row.schedule.empty() ? json::value(nullptr) : json::value(parse_object(row.schedule));
  out["configuration"] = parse_object(row.configuration);
  out["secrets"] = std::move(secrets);
  return out;
}

} // namespace lode

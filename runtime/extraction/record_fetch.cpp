#include "runtime/extraction/record_fetch.hpp"

#include "messages/type_ids.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/credentials.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/extraction/request_url.hpp"

namespace lode {

using expression::value;

namespace {

/// The fields of a key as they are stored: of several a JSON list, of one its text.
caf::expected<expression::value_list> fields_of(const stream_plan& stream, std::string_view key) {
  if (stream.primary_key.size() == 1)
    return expression::value_list{value{key}};
  auto parsed = expression::parse_json(key);
  if (!parsed || !parsed->is(expression::kind::list) || parsed->list().size() != stream.primary_key.size())
    return failed(errc::bad_argument, "stream " + stream.name + " has keys of " + std::to_string(stream.primary_key.size())
                                        + " fields, this one is no JSON list of so many");
  expression::value_list out;
  for (const auto& each : parsed->list())
    out.emplace_back(expression::to_text(each));
  return out;
}

/// Sets `key` and `keys`; in a path they must stay one segment each.
caf::error set_key(expression::context& names, const expression::value_list& fields, bool is_in_path) {
  expression::value_list keys;
  for (const auto& field : fields) {
    if (is_in_path && (field.string() == "." || field.string() == ".."))
      return failed(errc::bad_argument, "a key that is '" + field.string() + "' cannot be asked for by a path");
    keys.emplace_back(is_in_path ? quote(field.string(), "") : field.string());
  }
  names.set("key", keys.empty() ? value{""} : keys[0]);
  names.set("keys", std::move(keys));
  return {};
}

bool is_gone(const verdict& judged, int status) {
  if (status == 404 || status == 410)
    return judged.action != verdict_action::wait;
  auto is_refusal = status == 401 || status == 403 || status == 429 || status >= 500;
  return judged.action == verdict_action::ignore && status >= 400 && !is_refusal;
}

/// What is asked for belongs to no partition; a stream whose records depend on theirs is refused when its source is loaded.
expression::context names_for(const value& config, instant now) {
  auto names = names_of(config, now);
  names.set("stream_slice", expression::value_map{});
  return names;
}

caf::expected<std::string> url_of(const stream_plan& stream, const expression::value_list& key, expression::context& names) {
  auto base = text_of(stream.requester.url_base, names, "url_base");
  if (!base)
    return base;
  if (auto error = set_key(names, key, true))
    return error;
  auto path = written_text(stream.lode.live->fetch->path, names, "path of fetch");
  if (!path)
    return path;
  return join_url(std::move(*base), std::move(*path));
}

/// Its own parameters; headers and credentials of the stream's requester.
caf::expected<request_fields> all_fields(const stream_plan& stream, const expression::value_list& key, std::string_view access_token,
                                         expression::context& names) {
  if (auto error = set_key(names, key, false))
    return error;
  request_fields out;
  auto parameters = render_entries(stream.lode.live->fetch->parameters, names, expression::literals::text_and_list, "parameter of fetch");
  if (!parameters)
    return parameters.error();
  out.parameters = std::move(*parameters);
  auto headers = render_entries(stream.requester.headers, names, expression::literals::all, "request header");
  if (!headers)
    return headers.error();
  out.headers = std::move(*headers);
  auto credentials = credential_fields(stream.requester.authenticator, access_token, names);
  if (!credentials)
    return credentials.error();
  if (auto error = merge(out, *credentials, on_repeat::refuse))
    return error;
  return out;
}

fetch_answer unread(verdict judged, std::string reason) {
  judged.action = verdict_action::retry;
  judged.message = reason;
  return {fetch_answer::outcome::refused, {}, std::move(judged), std::move(reason)};
}

} // namespace

caf::expected<http_request> build_fetch(const stream_plan& stream, const fetch_inputs& inputs) {
  if (!stream.lode.live || !stream.lode.live->fetch)
    return failed(errc::bad_source, "stream " + stream.name + " has no x-lode.live.fetch: a single record cannot be asked for");
  auto key = fields_of(stream, inputs.key);
  if (!key)
    return key.error();
  auto names = names_for(inputs.config, inputs.now);
  auto url = url_of(stream, *key, names);
  if (!url)
    return url.error();
  auto fields = all_fields(stream, *key, inputs.access_token, names);
  if (!fields)
    return fields.error();
  auto full = with_parameters(std::move(*url), fields->parameters);
  if (!full)
    return full.error();
  http_request request;
  request.url = std::move(*full);
  for (const auto& [name, item] : fields->headers)
    request.headers.push_back({name, expression::to_text(item)});
  request.timeouts = timeouts_of(stream.lode);
  request.credential_parameters = credential_parameters(stream.requester.authenticator);
  return request;
}

fetch_answer read_fetched(const stream_plan& stream, received_response& response, std::string_view key, const judge_inputs& inputs,
                          uint64_t hash_seed, record_scratch& scratch) {
  auto judged = judge(stream, response, inputs);
  if (is_gone(judged, response.status()))
    return {fetch_answer::outcome::gone, {}, std::move(judged), "the API says that there is no such record"};
  if (judged.action != verdict_action::accept) {
    auto reason = judged.message;
    return {fetch_answer::outcome::refused, {}, std::move(judged), std::move(reason)};
  }
  auto body = response.json();
  if (!body.exists())
    return unread(std::move(judged), message_of(response.why_not_json()));
  auto received = value_at(body, stream.lode.live->fetch->record);
  if (!received.exists())
    return unread(std::move(judged), "the answer has no record where x-lode.live.fetch.record says");
  auto names = names_for(inputs.config, inputs.now);
  const ignored_fields ignored{stream.lode.ignore};
  record_maker maker{stream, ignored, hash_seed, scratch};
  auto shaped = maker.shape(received, names);
  if (shaped.what == shaped_record::fate::dead)
    return unread(std::move(judged), std::move(shaped.reason));
  if (shaped.what != shaped_record::fate::kept)
    return {fetch_answer::outcome::gone, {}, std::move(judged), "the source leaves this record out"};
  fetch_answer out{fetch_answer::outcome::found};
  if (auto problem = maker.identify(shaped.record, out.record); !problem.empty())
    return unread(std::move(judged), std::move(problem));
  if (out.record.key != key)
    return unread(std::move(judged), "the answer holds a record with another key");
  out.record.hash = maker.hash(shaped.record);
  out.record.payload = shaped.record.raw();
  out.judged = std::move(judged);
  return out;
}

} // namespace lode

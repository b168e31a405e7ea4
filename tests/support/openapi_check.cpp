#include "tests/support/openapi_check.hpp"

#include <algorithm>

namespace lode::test {

namespace json = boost::json;

namespace {

using findings = std::vector<std::string>;

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  path = path.substr(0, path.find('?'));
  while (!path.empty()) {
    path.remove_prefix(1);
    auto segment = path.substr(0, path.find('/'));
    out.emplace_back(segment);
    path.remove_prefix(segment.size());
  }
  return out;
}

bool matches(std::string_view pattern, std::string_view path) {
  return std::ranges::equal(segments(pattern), segments(path),
                            [](const auto& wanted, const auto& found) { return wanted.starts_with('{') ? !found.empty() : wanted == found; });
}

bool has_type(const json::value& value, std::string_view type) {
  return type == "object"    ? value.is_object()
         : type == "array"   ? value.is_array()
         : type == "string"  ? value.is_string()
         : type == "boolean" ? value.is_bool()
         : type == "integer" ? value.is_int64() || value.is_uint64()
         : type == "number"  ? value.is_number()
                             : false;
}

std::string text_of(const json::value& value) {
  auto text = json::serialize(value);
  return text.size() > 120 ? text.substr(0, 120) + "..." : text;
}

/// Whoever asks may get these from any route, without the document saying so each time.
bool is_general(int status) {
  return std::set{401, 403, 413, 429, 431, 500}.contains(status);
}

void append(findings& to, findings more) {
  std::ranges::move(more, std::back_inserter(to));
}

} // namespace

openapi_check::openapi_check(std::string_view document) : document_(json::parse({document.data(), document.size()})) {}

const json::value& openapi_check::resolved(const json::value& schema) const {
  const auto* reference = schema.as_object().if_contains("$ref");
  if (!reference)
    return schema;
  auto pointer = std::string{reference->as_string()}.substr(1); // behind "#"
  return resolved(document_.at_pointer(pointer));
}

const json::object* openapi_check::operation(const console_answer& answer) const {
  std::string method;
  for (char c : answer.method)
    method += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const json::object* found = nullptr;
  for (const auto& [pattern, operations] : document_.at("paths").as_object())
    if (matches({pattern.data(), pattern.size()}, answer.path) && (!found || pattern.find('{') == pattern.npos))
      if (const auto* here = operations.as_object().if_contains(method))
        found = &here->as_object();
  return found;
}

findings openapi_check::judge(const console_answer& answer) const {
  const auto where = answer.method + " " + answer.path + " " + std::to_string(answer.status);
  const auto* asked = operation(answer);
  const auto media = answer.content_type.substr(0, answer.content_type.find(';'));
  const auto* described = asked ? asked->at("responses").as_object().if_contains(std::to_string(answer.status)) : nullptr;
  if (!described && answer.status >= 400 && (!asked || is_general(answer.status)))
    described = &document_.at_pointer("/components/responses/error");
  if (!described)
    return {where + ": the document does not speak of this status"};
  const auto& content = resolved(*described).as_object();
  const auto* contents = content.if_contains("content");
  if (!contents)
    return answer.body.empty() ? findings{} : findings{where + ": the document speaks of no content"};
  const auto* form = contents->as_object().if_contains(media);
  if (!form)
    return {where + ": the media type is " + answer.content_type + ", not one of " + text_of(*contents)};
  if (!media.ends_with("json") || media.ends_with("ndjson"))
    return {};
  json::error_code failed;
  auto body = json::parse(answer.body, failed);
  return failed ? findings{where + ": no JSON: " + answer.body} : judge(form->at("schema"), body, where);
}

findings openapi_check::judge(const json::value& given, const json::value& value, const std::string& where) const {
  const auto& schema = resolved(given).as_object();
  if (const auto* any = schema.if_contains("oneOf")) {
    const auto fits = std::ranges::count_if(any->as_array(), [&](const auto& one) { return judge(one, value, where).empty(); });
    return fits == 1 ? findings{} : findings{where + ": " + text_of(value) + " fits " + std::to_string(fits) + " of oneOf"};
  }
  if (value.is_null() && schema.if_contains("nullable") && schema.at("nullable").as_bool())
    return {};
  findings out;
  if (const auto* all = schema.if_contains("allOf"))
    for (const auto& one : all->as_array())
      append(out, judge(one, value, where));
  if (const auto* type = schema.if_contains("type"); type && !has_type(value, std::string{type->as_string()}))
    return {where + ": " + text_of(value) + " is no " + std::string{type->as_string()}};
  if (const auto* allowed = schema.if_contains("enum"); allowed && std::ranges::find(allowed->as_array(), value) == allowed->as_array().end())
    out.push_back(where + ": " + text_of(value) + " is none of " + text_of(*allowed));
  if (const auto* list = value.if_array()) {
    if (const auto* least = schema.if_contains("minItems"); least && list->size() < least->to_number<size_t>())
      out.push_back(where + " has " + std::to_string(list->size()) + " items");
    if (const auto* items = schema.if_contains("items"))
      for (size_t i = 0; i < list->size(); ++i)
        append(out, judge(*items, list->at(i), where + "/" + std::to_string(i)));
  }
  const auto* object = value.if_object();
  if (!object)
    return out;
  if (const auto* required = schema.if_contains("required"))
    for (const auto& name : required->as_array())
      if (!object->contains(name.as_string()))
        out.push_back(where + " lacks " + std::string{name.as_string()});
  const auto* properties = schema.if_contains("properties");
  const auto* others = schema.if_contains("additionalProperties");
  for (const auto& [name, member] : *object) {
    const auto at = where + "/" + std::string{name};
    if (const auto* property = properties ? properties->as_object().if_contains(name) : nullptr)
      append(out, judge(*property, member, at));
    else if (others && others->is_object())
      append(out, judge(*others, member, at));
    else if (others && !others->as_bool())
      out.push_back(at + " is not described");
  }
  return out;
}

} // namespace lode::test

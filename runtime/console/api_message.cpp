#include "runtime/console/api_message.hpp"

#include <boost/json.hpp>

#include <charconv>

#include "messages/type_ids.hpp"
#include "runtime/console/problem.hpp"
#include "runtime/http/text.hpp"

namespace lode {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool parse_query(std::string_view text, std::map<std::string, std::string>& out) {
  while (!text.empty()) {
    auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    auto equals = std::min(part.find('='), part.size());
    auto name = percent_decoded(part.substr(0, equals), true);
    auto value = percent_decoded(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value)
      return false;
    if (!name->empty())
      out.insert_or_assign(std::move(*name), std::move(*value));
  }
  return true;
}

} // namespace

std::string api_request::query_text(const std::string& name, std::string otherwise) const {
  auto at = query.find(name);
  return at == query.end() ? otherwise : at->second;
}

caf::expected<size_t> api_request::query_number(const std::string& name, size_t otherwise, size_t most) const {
  auto at = query.find(name);
  if (at == query.end())
    return otherwise;
  size_t value = 0;
  auto* last = at->second.data() + at->second.size();
  auto [end, error] = std::from_chars(at->second.data(), last, value);
  if (error != std::errc{} || end != last || value < 1 || value > most)
    return caf::make_error(errc::bad_argument, "query parameter " + name + ": found \"" + at->second
                                                 + "\", allowed is 1 to " + std::to_string(most));
  return value;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' && plus_is_space ? ' ' : text[i];
      continue;
    }
    auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool parse_target(std::string_view target, api_request& out) {
  auto question = std::min(target.find('?'), target.size());
  out.path = target.substr(0, question);
  return out.path.starts_with("/") && parse_query(target.substr(std::min(question + 1, target.size())), out.query);
}

bool takes_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    auto item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(item.size() + 1, accept_encoding.size()));
    auto name = trim(item.substr(0, item.find(';')));
    auto weight = trim(item.substr(std::min(item.find(';'), item.size())));
    // "q=0", "q=0.0": not at all.
    if (equals_ignoring_case(name, "gzip"))
      return weight.find("q=0") == weight.npos || weight.find_first_of("123456789") != weight.npos;
  }
  return false;
}

int status_of(errc code) {
  switch (code) {
    case errc::not_found: return 404;
    case errc::conflict:
    case errc::stale_version: return 409;
    case errc::bad_argument: return 400;
    case errc::bad_source: return 422;
    case errc::store_unavailable:
    case errc::unknown_outcome:
    case errc::not_owner: return 503;
    default: return 500;
  }
}

api_response error_response(int status, std::string_view code, std::string_view message) {
  api_response out;
  out.status = status;
  out.content_type = problem_type;
  out.body = boost::json::serialize(problem_of(status, code, message)) + "\n";
  return out;
}

api_response error_response(const caf::error& error) {
  auto is_ours = error.category() == caf::type_id_v<errc>;
  auto code = is_ours ? static_cast<errc>(error.code()) : errc::internal;
  return error_response(status_of(code), to_string(code), message_of(error));
}

} // namespace lode

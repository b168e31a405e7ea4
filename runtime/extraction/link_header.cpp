#include "runtime/extraction/link_header.hpp"

#include "runtime/http/text.hpp"

namespace lode {

using expression::value;
using expression::value_map;

namespace {

std::string_view without_quotes(std::string_view text) {
  text = trim(text);
  return text.size() > 1 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

/// One `<url>; name="text"; ...`; removes it from `rest`. Commas inside quotes and brackets do not end it.
std::string_view take_link(std::string_view& rest) {
  bool is_quoted = false, is_url = false;
  size_t end = 0;
  for (; end < rest.size(); ++end) {
    auto letter = rest[end];
    if (letter == '"' && !is_url)
      is_quoted = !is_quoted;
    else if (!is_quoted && (letter == '<' || letter == '>'))
      is_url = letter == '<';
    else if (letter == ',' && !is_quoted && !is_url)
      break;
  }
  auto link = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(link);
}

void add_link(value_map& links, std::string_view text) {
  auto open = text.find('<');
  auto close = text.find('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return;
  value_map link{{"url", value{text.substr(open + 1, close - open - 1)}}};
  auto rest = text.substr(close + 1);
  while (!rest.empty()) {
    auto end = std::min(rest.find(';'), rest.size());
    auto part = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (auto equals = part.find('='); equals != std::string_view::npos)
      link.set(trim(part.substr(0, equals)), value{without_quotes(part.substr(equals + 1))});
  }
  auto relation = link.find("rel");
  auto name = relation ? relation->string() : link.find("url")->string();
  links.set(name, value{std::move(link)});
}

} // namespace

value parse_links(const std::vector<http_header>& headers) {
  value_map links;
  for (const auto& header : headers) {
    if (!equals_ignoring_case(header.name, "Link"))
      continue;
    std::string_view rest = header.value;
    while (!rest.empty())
      add_link(links, take_link(rest));
  }
  return value{std::move(links)};
}

value headers_value(const std::vector<http_header>& headers) {
  value_map map;
  for (const auto& header : headers)
    map.set(header.name, value{header.value});
  map.set("link", parse_links(headers));
  return value{std::move(map)};
}

} // namespace lode

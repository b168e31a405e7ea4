#include "runtime/http/url.hpp"

#include "runtime/http/text.hpp"

#include <charconv>
#include <optional>

namespace lode {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

constexpr bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool is_escape(std::string_view text, size_t at) {
  return text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
}

void append_escaped(std::string& out, char c) {
  auto byte = static_cast<unsigned char>(c);
  out += {'%', hex_digits[byte >> 4], hex_digits[byte & 15]};
}

/// Makes a path and query sendable without changing what is so already.
std::string requote(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = text[i];
    if (is_letter_or_digit(c) || std::string_view{"-._~!$&'()*+,;=:@/?[]"}.find(c) != std::string_view::npos
        || is_escape(text, i))
      out += c;
    else
      append_escaped(out, c);
  }
  return out;
}

/// The five parts of RFC 3986, appendix B. Absent and empty differ.
struct reference_parts {
  std::optional<std::string_view> scheme, authority, query, fragment;
  std::string_view path;
};

reference_parts split_reference(std::string_view text) {
  reference_parts parts;
  auto cut_behind = [&text](char mark) -> std::optional<std::string_view> {
    auto at = text.find(mark);
    if (at == std::string_view::npos)
      return std::nullopt;
    auto tail = text.substr(at + 1);
    text = text.substr(0, at);
    return tail;
  };
  parts.fragment = cut_behind('#');
  parts.query = cut_behind('?');
  auto colon = text.find_first_of(":/");
  if (colon != std::string_view::npos && colon > 0 && text[colon] == ':') {
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    auto slash = std::min(text.find('/'), text.size());
    parts.authority = text.substr(0, slash);
    text.remove_prefix(slash);
  }
  parts.path = text;
  return parts;
}

std::string join(const reference_parts& parts) {
  std::string out;
  if (parts.scheme)
    out.append(*parts.scheme).append(":");
  if (parts.authority)
    out.append("//").append(*parts.authority);
  out.append(parts.path);
  if (parts.query)
    out.append("?").append(*parts.query);
  if (parts.fragment)
    out.append("#").append(*parts.fragment);
  return out;
}

/// RFC 3986, section 5.2.4, segment by segment.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    auto end = std::min(path.find('/', 1), path.size()); // a segment with the slash in front of it
    auto segment = path.substr(0, end);
    path.remove_prefix(end);
    auto is_last = path.empty();
    auto name = segment.starts_with('/') ? segment.substr(1) : segment;
    if (name == "." || name == "..") {
      if (name == "..")
        out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      if (is_last)
        out += '/';
    } else {
      out += segment;
    }
  }
  return out;
}

std::string merge_paths(const reference_parts& base, std::string_view path) {
  if (base.authority && base.path.empty())
    return "/" + std::string{path};
  auto slash = base.path.rfind('/');
  auto folder = slash == std::string_view::npos ? std::string_view{} : base.path.substr(0, slash + 1);
  return std::string{folder}.append(path);
}

http_error refused(std::string what) {
  return {http_failure::invalid_request, std::move(what)};
}

bool is_host_name(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_bracketed_address(std::string_view host) {
  return host.size() > 2 && std::all_of(host.begin(), host.end(),
                                        [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

/// Fills host and port from "host[:port]" or "[address][:port]"; what is wrong with it, or nothing.
std::optional<http_error> read_authority(std::string_view text, http_url& url) {
  if (text.find('@') != std::string_view::npos)
    return refused("the URL has user info in front of its host; send credentials as a header instead");
  auto port = std::string_view{};
  if (text.starts_with('[')) {
    auto end = text.find(']');
    url.host = text.substr(1, end == std::string_view::npos ? 0 : end - 1);
    port = text.substr(std::min(end, text.size() - 1) + 1);
    if (!is_bracketed_address(url.host) || (!port.empty() && port[0] != ':'))
      return refused("the host of the URL is not an IPv6 address in brackets");
  } else {
    auto colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
    if (!is_host_name(url.host))
      return refused("the URL has no usable host name (letters, digits, '-', '.'; encode other letters as IDNA)");
  }
  url.host = to_lower(url.host);
  if (port.size() <= 1) // absent or ":"
    return std::nullopt;
  auto [end, failure] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
  if (failure != std::errc{} || end != port.data() + port.size() || url.port == 0)
    return refused("the port of the URL of " + url.host + " is not a number from 1 to 65535");
  return std::nullopt;
}

} // namespace

std::variant<http_url, http_error> parse_http_url(std::string_view text) {
  auto parts = split_reference(text);
  auto scheme = parts.scheme ? to_lower(*parts.scheme) : std::string{};
  if (!parts.authority || (scheme != "http" && scheme != "https"))
    return refused("the URL does not begin with http:// or https://");
  http_url url{.scheme = scheme, .host = {}, .port = static_cast<uint16_t>(scheme == "https" ? 443 : 80), .target = {}};
  if (auto error = read_authority(*parts.authority, url))
    return *error;
  url.target = requote(parts.path.empty() ? "/" : parts.path);
  if (parts.query)
    url.target.append("?").append(requote(*parts.query));
  return url;
}

std::string to_string(const http_url& url) {
  auto is_default = url.port == (url.scheme == "https" ? 443 : 80);
  auto authority = authority_of(url);
  if (is_default)
    authority.resize(authority.rfind(':'));
  return url.scheme + "://" + authority + url.target;
}

std::string authority_of(const http_url& url) {
  auto host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  return host + ":" + std::to_string(url.port);
}

bool same_origin(const http_url& left, const http_url& right) {
  return left.scheme == right.scheme && left.host == right.host && left.port == right.port;
}

std::string quote(std::string_view text, std::string_view safe) {
  std::string out;
  out.reserve(text.size());
  for (auto c : text) {
    if (is_letter_or_digit(c) || c == '_' || c == '.' || c == '-' || c == '~' || safe.find(c) != std::string_view::npos)
      out += c;
    else
      append_escaped(out, c);
  }
  return out;
}

std::string quote_plus(std::string_view text) {
  auto out = quote(text, " ");
  std::replace(out.begin(), out.end(), ' ', '+');
  return out;
}

std::string unquote(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_escape(text, i)) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string unquote_plus(std::string_view text) {
  std::string spaced{text};
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return unquote(spaced);
}

std::string encode_query(std::span<const query_parameter> parameters) {
  std::string out;
  for (auto& [name, value] : parameters) {
    if (!out.empty())
      out += '&';
    out.append(quote_plus(name)).append("=").append(quote_plus(value));
  }
  return out;
}

std::string append_query(std::string_view url, std::span<const query_parameter> parameters) {
  if (parameters.empty())
    return std::string{url};
  auto parts = split_reference(url);
  auto query = std::string{parts.query.value_or("")};
  if (!query.empty() && !query.ends_with('&'))
    query += '&';
  query += encode_query(parameters);
  parts.query = query;
  return join(parts);
}

std::vector<query_parameter> query_parameters(std::string_view url) {
  std::vector<query_parameter> result;
  auto query = split_reference(url).query.value_or("");
  while (!query.empty()) {
    auto end = std::min(query.find('&'), query.size());
    auto field = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (field.empty())
      continue;
    auto sign = std::min(field.find('='), field.size());
    result.emplace_back(unquote_plus(field.substr(0, sign)),
                        unquote_plus(field.substr(std::min(sign + 1, field.size()))));
  }
  return result;
}

std::string resolve_reference(std::string_view base, std::string_view reference) {
  auto from = split_reference(base);
  auto to = split_reference(reference);
  std::string path;
  if (to.scheme || to.authority) {
    path = remove_dot_segments(to.path);
  } else if (to.path.empty()) {
    path = from.path;
    if (!to.query)
      to.query = from.query;
  } else {
    path = remove_dot_segments(to.path.starts_with('/') ? std::string{to.path} : merge_paths(from, to.path));
  }
  if (!to.scheme) {
    to.scheme = from.scheme;
    if (!to.authority)
      to.authority = from.authority;
  }
  to.path = path;
  return join(to);
}

} // namespace lode

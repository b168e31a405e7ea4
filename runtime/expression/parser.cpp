#include "runtime/expression/parser.hpp"

#include <algorithm>

#include "runtime/expression/expression_parser.hpp"

namespace lode::expression {

namespace {

// Bounds what an untrusted template can cost.
constexpr size_t longest_template = 65'536;

constexpr std::string_view white_space = " \t\n\r\f\v";

/// Jinja drops one line break at the end of a template and knows only "\n".
std::string normalized(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r') {
      out += '\n';
      at += at + 1 < text.size() && text[at + 1] == '\n' ? 1 : 0;
    } else {
      out += text[at];
    }
  }
  if (out.ends_with('\n'))
    out.pop_back();
  return out;
}

void trim_end(std::string& text) {
  text.erase(text.find_last_not_of(white_space) + 1);
}

/// Cuts a template into text and expressions.
class template_splitter {
public:
  template_splitter(std::string_view text, const scope& where) : source_(normalized(text)), where_(where) {}

  std::optional<failure> split(std::vector<template_part>& parts) {
    while (at_ < source_.size()) {
      auto open = std::min({source_.find("{{", at_), source_.find("{%", at_), source_.find("{#", at_), source_.size()});
      plain_ += source_.substr(at_, open - at_);
      if (open == source_.size())
        break;
      if (auto why = read_braces(open, parts))
        return why;
    }
    take_plain(parts);
    return std::nullopt;
  }

private:
  /// Reads what the braces at `open` begin.
  std::optional<failure> read_braces(size_t open, std::vector<template_part>& parts) {
    bool trims_before = open + 2 < source_.size() && source_[open + 2] == '-';
    if (trims_before)
      trim_end(plain_);
    if (source_[open + 1] == '%')
      return failure{"statements ({% ... %}) are not supported, only {{ expressions }}", open + 1, true};
    if (source_[open + 1] == '#')
      return skip_comment(open);
    return read_expression(open + (trims_before ? 3 : 2), parts);
  }

  std::optional<failure> skip_comment(size_t open) {
    auto close = source_.find("#}", open + 2);
    if (close == source_.npos)
      return failure{"the comment is not closed: expected '#}'", open + 1};
    go_on(close + 2, source_[close - 1] == '-');
    return std::nullopt;
  }

  std::optional<failure> read_expression(size_t first, std::vector<template_part>& parts) {
    expression_parser parser{source_, first, where_};
    auto parsed = parser.parse();
    if (!parsed)
      return parser.error();
    take_plain(parts);
    parts.emplace_back(std::move(parsed));
    go_on(parser.position(), parser.trims_after());
    return std::nullopt;
  }

  void go_on(size_t at, bool skips_space) {
    at_ = skips_space ? std::min(source_.find_first_not_of(white_space, at), source_.size()) : at;
  }

  void take_plain(std::vector<template_part>& parts) {
    if (!plain_.empty())
      parts.emplace_back(std::move(plain_));
    plain_.clear();
  }

  std::string source_;
  const scope& where_;
  size_t at_ = 0;
  std::string plain_; ///< text that no part holds yet
};

} // namespace

result<std::shared_ptr<const template_node>> parse_template(std::string_view text, const scope& where) {
  if (text.size() > longest_template)
    return failure{"the template has " + std::to_string(text.size()) + " bytes, at most "
                     + std::to_string(longest_template) + " are allowed",
                   1};
  auto root = std::make_shared<template_node>();
  root->source = text;
  root->parameters = where.parameters;
  if (auto why = template_splitter{text, where}.split(root->parts))
    return std::move(*why);
  return std::shared_ptr<const template_node>{std::move(root)};
}

} // namespace lode::expression

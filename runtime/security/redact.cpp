#include "runtime/security/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace lode {

namespace {

constexpr std::string_view mask = "***";

/// Compared without letter case, '-' and '_'.
constexpr std::array secret_endings{"token", "password", "passwd", "pwd", "secret", "apikey", "privatekey", "accesskey",
                                    "authorization", "credential", "credentials", "signature", "sslpassword", "cookie"};
/// Words that end like a secret and name something public.
constexpr std::array public_names{"nexttoken", "pagetoken", "nextpagetoken", "tokentype"};

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

std::string plain(std::string_view name) {
  std::string out;
  for (char c : name)
    if (c != '_' && c != '-')
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

class redactor {
public:
  explicit redactor(std::string_view text) : in_(text) {}

  std::string run() {
    while (at_ < in_.size()) {
      if (in_.substr(at_).starts_with("://"))
        user_info();
      else if (is_name(in_[at_]))
        word();
      else
        out_ += in_[at_++];
    }
    return std::move(out_);
  }

private:
  void word() {
    auto from = at_;
    while (at_ < in_.size() && is_name(in_[at_]))
      ++at_;
    auto name = in_.substr(from, at_ - from);
    out_ += name;
    if (equals_ignoring_case(name, "bearer") || equals_ignoring_case(name, "basic"))
      after_scheme();
    else if (is_secret_name(name) || is_key_of_a_query(name))
      after_secret_name();
  }

  /// `?key=...`: elsewhere a key names a record.
  bool is_key_of_a_query(std::string_view name) const {
    return equals_ignoring_case(name, "key") && at_ < in_.size() && in_[at_] == '=';
  }

  /// `Bearer abc...`: only long tokens, "basic facts" is prose.
  void after_scheme() {
    if (at_ >= in_.size() || in_[at_] != ' ')
      return;
    auto end = value_end(at_ + 1, " \t\r\n\"',;");
    if (end - at_ > 8) {
      out_.append(" ").append(mask);
      at_ = end;
    }
  }

  /// `name=value`, `name: value`, `"name" : "value"`.
  void after_secret_name() {
    auto p = at_;
    skip(p, "\"' ");
    if (p >= in_.size() || (in_[p] != '=' && in_[p] != ':'))
      return;
    auto is_header = in_[p] == ':';
    ++p;
    skip(p, " ");
    auto quote = p < in_.size() && (in_[p] == '"' || in_[p] == '\'') ? in_[p] : '\0';
    if (quote)
      ++p;
    auto end = quote ? quoted_end(p, quote) : value_end(p, is_header ? "\r\n,;\"}" : " \t\r\n&,;\"'}");
    if (end == p || in_.substr(p).starts_with("//"))
      return;
    out_.append(in_.substr(at_, p - at_)).append(mask);
    at_ = end;
  }

  /// `://user:password@host`
  void user_info() {
    out_ += "://";
    at_ += 3;
    auto end = value_end(at_, "/?# \t\r\n\"'");
    auto sign = in_.substr(at_, end - at_).rfind('@');
    if (sign != std::string_view::npos) {
      out_ += mask;
      at_ += sign;
    }
  }

  void skip(size_t& p, std::string_view what) const {
    while (p < in_.size() && what.find(in_[p]) != std::string_view::npos)
      ++p;
  }
  size_t value_end(size_t from, std::string_view stops) const { return std::min(in_.find_first_of(stops, from), in_.size()); }
  size_t quoted_end(size_t from, char quote) const {
    for (auto p = from; p < in_.size(); ++p)
      if (in_[p] == '\\')
        ++p;
      else if (in_[p] == quote)
        return p;
    return in_.size();
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
};

} // namespace

bool is_secret_name(std::string_view name) {
  auto text = plain(name);
  if (std::find(public_names.begin(), public_names.end(), text) != public_names.end())
    return false;
  return std::any_of(secret_endings.begin(), secret_endings.end(), [&](std::string_view end) { return text.ends_with(end); });
}

std::string redact(std::string_view text) {
  return redactor{text}.run();
}

} // namespace lode

#include "tests/audit/json_scan.hpp"

#include <algorithm>
#include <string>

#include "tests/audit/could_not_audit.hpp"

namespace audit {

void json_scan::fail(const char* wanted) const {
  throw could_not_audit{"truth: byte " + std::to_string(at_) + ": expected " + wanted + ", found '"
                        + std::string{text_.substr(std::min(at_, text_.size()), 20)} + "'"};
}

char json_scan::peek() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
  return at_ < text_.size() ? text_[at_] : '\0';
}

void json_scan::expect(char wanted) {
  if (peek() != wanted)
    fail(std::string{wanted}.c_str());
  ++at_;
}

std::string_view json_scan::string() {
  auto begin = at_;
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == '"')
      return text_.substr(begin, ++at_ - begin);
    at_ += text_[at_] == '\\';
  }
  at_ = begin;
  fail("a string that ends");
}

std::string_view json_scan::value() {
  auto c = peek();
  auto begin = at_;
  if (c == '"')
    return string();
  if (c != '{' && c != '[') {
    at_ = std::min(text_.find_first_of(" \t\r\n,}]", at_), text_.size());
    if (at_ == begin)
      fail("a value");
    return text_.substr(begin, at_ - begin);
  }
  for (size_t depth = 0; at_ < text_.size();) {
    c = text_[at_];
    if (c == '"') {
      string();
      continue;
    }
    ++at_;
    if (c == '{' || c == '[')
      ++depth;
    else if ((c == '}' || c == ']') && --depth == 0)
      return text_.substr(begin, at_ - begin);
  }
  at_ = begin;
  fail("a value that ends");
}

void json_scan::enter(char bracket) { expect(bracket); }

bool json_scan::next(char closing) {
  auto c = peek();
  if (c == ',')
    ++at_;
  else if (c == closing) {
    ++at_;
    return false;
  }
  return true;
}

bool json_scan::next_member(std::string_view& key) {
  if (!next('}'))
    return false;
  if (peek() != '"')
    fail("a key");
  key = string();
  key = key.substr(1, key.size() - 2);
  expect(':');
  return true;
}

bool json_scan::next_element() { return next(']'); }

} // namespace audit

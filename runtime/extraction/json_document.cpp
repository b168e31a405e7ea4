#include "runtime/extraction/json_document.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_text.hpp"

namespace lode {

/// simdjson's first stage: checks UTF-8 and quotes and finds where each token begins, at several bytes per cycle.
struct json_document::indexer {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
  size_t capacity = 0;

  simdjson::error_code run(std::string_view text) {
    if (text.size() > capacity) {
      auto wanted = std::max<size_t>(text.size() + text.size() / 2, 4 * 1024);
      if (auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, 1, stage))
        return error;
      capacity = wanted;
    }
    return stage->stage1(reinterpret_cast<const uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular);
  }
};

namespace {

using entry = json_document::entry;

constexpr bool is_space(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}

/// Checks the grammar over simdjson's token positions and writes one entry per value. A loop with a stack of its own:
/// depth is bounded by data, not by the thread's stack.
class token_walker {
public:
  token_walker(std::string_view text, const uint32_t* starts, uint32_t count, std::vector<entry>& entries,
               std::vector<uint32_t>& too_deep)
      : text_(text),
        starts_(starts),
        count_(count),
        entries_(entries),
        too_deep_(too_deep),
        next_escape_(find_escape(0)) {}

  /// Null when the text is one JSON value; else what is wrong, at `place()`.
  const char* walk() {
    for (;;) {
      if (const char* wrong = read_value())
        return wrong;
      if (is_opened_) { // a first key or element follows
        is_opened_ = false;
        continue;
      }
      bool goes_on = false;
      if (const char* wrong = close_or_go_on(goes_on))
        return wrong;
      if (!goes_on)
        return token_ == count_ ? nullptr : "text behind the end of the JSON value";
    }
  }

  size_t place() const { return token_ < count_ ? starts_[token_] : text_.size(); }

private:
  struct frame {
    uint32_t entry;
    uint32_t last_child;
    bool is_map;
  };

  size_t find_escape(size_t from) const {
    auto found = from < text_.size()
                   ? static_cast<const char*>(std::memchr(text_.data() + from, '\\', text_.size() - from))
                   : nullptr;
    return found ? static_cast<size_t>(found - text_.data()) : text_.size();
  }

  char peek() const { return token_ < count_ ? text_[starts_[token_]] : '\0'; }

  uint32_t token_end() const {
    auto end = token_ + 1 < count_ ? starts_[token_ + 1] : static_cast<uint32_t>(text_.size());
    while (is_space(text_[end - 1]))
      --end;
    return end;
  }

  /// Reads the value that begins at this token; of a list or map that is not empty only its opening and first key.
  const char* read_value() {
    auto letter = peek();
    if (letter == '{' || letter == '[')
      return open(letter == '{');
    auto kind = json_kind::number;
    if (letter == '"')
      kind = json_kind::string;
    else if (letter == 't' || letter == 'f')
      kind = json_kind::boolean;
    else if (letter == 'n')
      kind = json_kind::null;
    return read_scalar(kind, false);
  }

  const char* read_scalar(json_kind kind, bool is_key) {
    if (token_ == count_)
      return "the text ends where a value is expected";
    entry scalar;
    scalar.begin = starts_[token_];
    scalar.end = token_end();
    scalar.kind = kind;
    scalar.is_key = is_key;
    scalar.next = static_cast<uint32_t>(entries_.size()) + 1;
    auto raw = text_.substr(scalar.begin, scalar.end - scalar.begin);
    if (kind == json_kind::string) {
      if (raw.size() < 2 || raw.back() != '"')
        return "letters behind the end of a string";
      while (next_escape_ < scalar.begin)
        next_escape_ = find_escape(scalar.begin);
      scalar.has_escapes = next_escape_ < scalar.end;
      if (scalar.has_escapes && !has_valid_escapes(raw.substr(1, raw.size() - 2)))
        return "an escape that JSON does not know";
    } else if (kind == json_kind::number) {
      if (!is_json_number(raw))
        return "neither a value nor a number of JSON";
    } else if (raw != "true" && raw != "false" && raw != "null") {
      return "a word that JSON does not know";
    }
    entries_.push_back(scalar);
    ++token_;
    return nullptr;
  }

  const char* open(bool is_map) {
    if (depth_ == json_document::max_depth)
      return skip(is_map);
    entry container;
    container.begin = starts_[token_];
    container.kind = is_map ? json_kind::map : json_kind::list;
    auto index = static_cast<uint32_t>(entries_.size());
    stack_[depth_++] = {index, index, is_map};
    entries_.push_back(container);
    ++token_;
    if (peek() == (is_map ? '}' : ']')) {
      close();
      return nullptr;
    }
    is_opened_ = true;
    return is_map ? read_key() : nullptr;
  }

  /// Takes a list or map that lies too deep as one value without looking into it.
  const char* skip(bool is_map) {
    entry whole;
    whole.begin = starts_[token_];
    whole.kind = is_map ? json_kind::map : json_kind::list;
    whole.next = static_cast<uint32_t>(entries_.size()) + 1;
    for (size_t open = 0; token_ < count_; ++token_) {
      auto letter = peek();
      if (letter == '{' || letter == '[')
        ++open;
      if ((letter != '}' && letter != ']') || --open > 0)
        continue;
      whole.end = starts_[token_++] + 1;
      too_deep_.push_back(static_cast<uint32_t>(entries_.size()));
      entries_.push_back(whole);
      return nullptr;
    }
    return "the text ends inside a list or map";
  }

  const char* read_key() {
    if (peek() != '"')
      return "no key where one is expected";
    stack_[depth_ - 1].last_child = static_cast<uint32_t>(entries_.size());
    if (const char* wrong = read_scalar(json_kind::string, true))
      return wrong;
    if (peek() != ':')
      return "no colon behind a key";
    ++token_;
    return nullptr;
  }

  void close() {
    auto& top = stack_[--depth_];
    auto& container = entries_[top.entry];
    container.end = starts_[token_] + 1;
    container.next = static_cast<uint32_t>(entries_.size());
    ++token_;
    if (top.last_child == top.entry)
      return;
    entries_[top.last_child].is_last = true;
    if (top.is_map)
      entries_[top.last_child + 1].is_last = true;
  }

  /// Behind a value: closes what ends here, or steps over a comma (and a key) to the next value.
  const char* close_or_go_on(bool& goes_on) {
    while (depth_ > 0) {
      auto& top = stack_[depth_ - 1];
      auto letter = peek();
      if (letter == ',') {
        ++token_;
        goes_on = true;
        if (top.is_map)
          return read_key();
        top.last_child = static_cast<uint32_t>(entries_.size());
        return nullptr;
      }
      if (letter != (top.is_map ? '}' : ']'))
        return token_ == count_ ? "the text ends inside a list or map" : "neither comma nor end of the list or map";
      if (!top.is_map && top.last_child == top.entry)
        top.last_child = top.entry + 1;
      close();
    }
    return nullptr;
  }

  std::string_view text_;
  const uint32_t* starts_;
  uint32_t count_;
  uint32_t token_ = 0;
  size_t depth_ = 0;
  bool is_opened_ = false;
  std::array<frame, json_document::max_depth> stack_;
  std::vector<entry>& entries_;
  std::vector<uint32_t>& too_deep_;
  size_t next_escape_; ///< place of the first backslash that is not behind us
};

caf::error unreadable(std::string what) {
  return failed(errc::bad_response, std::move(what));
}

std::string describe(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "the body is not UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "the body ends inside a string";
    case simdjson::UNESCAPED_CHARS:
      return "a string of the body holds a control character";
    case simdjson::EMPTY:
      return "the body is empty where JSON is expected";
    default:
      return std::string{"the body is not JSON: "} + simdjson::error_message(code);
  }
}

} // namespace

json_document::json_document() : indexer_(std::make_unique<indexer>()) {}
json_document::~json_document() = default;
json_document::json_document(json_document&&) noexcept = default;
json_document& json_document::operator=(json_document&&) noexcept = default;

caf::error json_document::parse(std::string_view text) {
  if (auto error = parse_shallow(text))
    return error;
  if (too_deep_.empty())
    return {};
  entries_.clear();
  text_ = {};
  return unreadable("the text is nested deeper than " + std::to_string(max_depth) + " levels");
}

caf::error json_document::parse_shallow(std::string_view text) {
  entries_.clear();
  too_deep_.clear();
  text_ = {};
  if (text.starts_with("\xEF\xBB\xBF"))
    text.remove_prefix(3);
  if (text.size() > (1u << 30))
    return unreadable("the body is larger than 1 GiB");
  if (auto code = text.empty() ? simdjson::EMPTY : indexer_->run(text))
    return unreadable(describe(code));
  auto& stage = *indexer_->stage;
  token_walker walker{text, stage.structural_indexes.get(), stage.n_structural_indexes, entries_,
                      too_deep_};
  if (const char* wrong = walker.walk()) {
    entries_.clear();
    return unreadable("the body is not JSON: " + std::string{wrong} + ", at byte " + std::to_string(walker.place())
                      + " of " + std::to_string(text.size()));
  }
  text_ = text;
  return {};
}

bool json_document::is_too_deep(json_node value) const noexcept {
  auto first = std::lower_bound(too_deep_.begin(), too_deep_.end(), value.index());
  return first != too_deep_.end() && *first < at(value.index()).next;
}

json_kind json_node::kind() const noexcept {
  return document_->at(index_).kind;
}

std::string_view json_node::raw() const noexcept {
  if (!exists())
    return {};
  const auto& place = document_->at(index_);
  return document_->source().substr(place.begin, place.end - place.begin);
}

std::string_view json_node::raw_string() const noexcept {
  auto quoted = raw();
  return quoted.substr(1, quoted.size() - 2);
}

bool json_node::has_escapes() const noexcept {
  return document_->at(index_).has_escapes;
}

std::string json_node::text() const {
  if (!is(json_kind::string))
    return !exists() || is(json_kind::null) ? std::string{} : std::string{raw()};
  return has_escapes() ? decode_json_string(raw_string()) : std::string{raw_string()};
}

json_node json_node::member(std::string_view name) const {
  json_node found;
  if (!is(json_kind::map))
    return found;
  for (auto key = first_child(); key.exists();) {
    auto item = json_node{document_, key.index_ + 1};
    if (key.has_escapes() ? key.text() == name : key.raw_string() == name)
      found = item;
    key = item.next_sibling();
  }
  return found;
}

json_node json_node::first_child() const noexcept {
  return exists() && document_->at(index_).next > index_ + 1 ? json_node{document_, index_ + 1} : json_node{};
}

json_node json_node::next_sibling() const noexcept {
  const auto& place = document_->at(index_);
  if (place.is_key)
    return {document_, index_ + 1};
  return place.is_last || index_ == 0 ? json_node{} : json_node{document_, place.next};
}

size_t json_node::size() const noexcept {
  size_t count = 0;
  bool is_map = exists() && kind() == json_kind::map;
  for (auto child = first_child(); child.exists(); child = child.next_sibling())
    count += !is_map || document_->at(child.index_).is_key;
  return count;
}

} // namespace lode

#include "runtime/extraction/airbyte_message.hpp"

#include <algorithm>

#include "runtime/expression/json_text.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

using expression::kind;
using expression::value;
using expression::value_map;

namespace {

constexpr std::string_view known_forms =
  "expected a list of {\"type\":\"STREAM\",\"stream\":{...}}, a message "
  "{\"type\":\"STATE\",\"state\":{...}}, or {\"STREAM\":{\"CURSOR_FIELD\":\"...\"}}";

caf::error unknown_form(const std::string& what) {
  return failed(errc::bad_argument, what + "; " + std::string{known_forms});
}

const value* member(const value& item, std::string_view name) {
  return item.is(kind::map) ? item.map().find(name) : nullptr;
}

/// The member under the name that the protocol has, or under the one that Airbyte's settings page has.
const value* member(const value& item, std::string_view name, std::string_view shown_name) {
  const auto* found = member(item, name);
  return found ? found : member(item, shown_name);
}

std::string text_of(const value* item) {
  return item && item->is(kind::string) ? item->string() : "";
}

class message_reader {
public:
  /// A whole file that is one JSON value.
  caf::error read(const value& item) {
    if (item.is(kind::list))
      return read_list(item);
    if (!item.is(kind::map))
      return unknown_form("found " + std::string{expression::kind_name(item.kind())});
    auto type = text_of(member(item, "type"));
    if (type == "STATE")
      return read_state(member(item, "state"));
    if (!type.empty())
      return read_inner(item);
    if (const auto* states = member(item, "streamState"); states && states->is(kind::list))
      return read_list(*states);
    return read_legacy(item);
  }

  /// One message of a connector's output.
  caf::error read_line(const value& item) {
    return text_of(member(item, "type")) == "STATE" ? read_state(member(item, "state")) : caf::error{};
  }

  std::vector<airbyte_stream_state> take() { return std::move(found_); }

private:
  caf::error read_list(const value& items) {
    for (const auto& item : items.list())
      if (auto wrong = text_of(member(item, "type")) == "STATE" ? read_state(member(item, "state")) : read_inner(item))
        return wrong;
    return {};
  }

  caf::error read_state(const value* state) {
    if (!state || !state->is(kind::map))
      return unknown_form("found a STATE message without an object called state");
    auto is_inner = member(*state, "type") || member(*state, "stream") || member(*state, "data");
    return is_inner ? read_inner(*state) : read_legacy(*state);
  }

  caf::error read_inner(const value& item) {
    auto type = text_of(member(item, "type"));
    if (const auto* data = member(item, "data"); data && (type.empty() || type == "LEGACY"))
      return data->is(kind::map) ? read_legacy(*data) : unknown_form("found a LEGACY state whose data is no object");
    const auto* stream = member(item, "stream");
    const auto& holder = stream ? *stream : item;
    const auto* descriptor = member(holder, "stream_descriptor", "streamDescriptor");
    auto name = descriptor ? text_of(member(*descriptor, "name")) : "";
    const auto* state = member(holder, "stream_state", "streamState");
    if (!type.empty() && type != "STREAM")
      return unknown_form("found a message or state of type " + type);
    if (name.empty())
      return unknown_form("found a state without the name of a stream");
    add(name, state ? *state : value{});
    return {};
  }

  caf::error read_legacy(const value& streams) {
    for (const auto& [name, state] : streams.map())
      add(name, state);
    return {};
  }

  void add(const std::string& stream, const value& state) {
    std::erase_if(found_, [&](const auto& earlier) { return earlier.stream == stream; });
    found_.push_back({stream, state});
  }

  std::vector<airbyte_stream_state> found_;
};

caf::error read_lines(std::string_view text, message_reader& reader) {
  for (size_t line = 1; !text.empty(); ++line) {
    auto one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos)
      continue;
    auto message = expression::parse_json(one);
    if (!message)
      return unknown_form("line " + std::to_string(line) + " is not JSON: " + message.error().message);
    if (auto wrong = reader.read_line(*message))
      return wrong;
  }
  return {};
}

} // namespace

caf::expected<std::vector<airbyte_stream_state>> read_airbyte_messages(std::string_view text) {
  message_reader reader;
  auto whole = expression::parse_json(text);
  if (auto wrong = whole ? reader.read(*whole) : read_lines(text, reader))
    return wrong;
  auto states = reader.take();
  if (states.empty())
    return unknown_form("found no state of any stream");
  return states;
}

} // namespace lode

#pragma once

#include <boost/json/fwd.hpp>
#include <boost/json/value.hpp>
#include <caf/error.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// Reads a JSON object that a client sent and collects everything that is wrong with it: each key is asked for once,
/// keys that nobody asked for are refused.
class body_reader {
public:
  /// "" is an empty object.
  explicit body_reader(std::string_view text);

  /// The text of a required key.
  std::string text(std::string_view key);
  std::string text_or(std::string_view key, std::string otherwise);
  std::optional<int64_t> number(std::string_view key);
  /// An object as JSON text; "" when the key is absent.
  std::string object(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);
  /// Any value; null pointer when absent.
  const boost::json::value* any(std::string_view key);

  void complain(std::string message);
  /// errc::bad_argument with all mistakes, or nothing.
  caf::error finish();

private:
  const boost::json::value* take(std::string_view key);
  void wrong(std::string_view key, const boost::json::value& found, std::string_view expected);

  boost::json::value root_;
  std::vector<std::string> known_;
  std::string mistakes_;
};

/// The kind of a JSON value in words; never its content, which may be a secret.
std::string kind_name(const boost::json::value& value);

} // namespace lode

#pragma once

#include <boost/json.hpp>

#include <set>
#include <string>
#include <vector>

namespace lode::test {

/// An answer of the console, as a client got it.
struct console_answer {
  std::string method;
  std::string path; ///< with its query
  int status = 0;
  std::string content_type;
  std::string body;
};

/// Judges answers by an OpenAPI 3.0 document. Of JSON Schema it knows what such documents here use: type, nullable, enum, properties,
/// required, additionalProperties, items, minItems, oneOf, allOf, $ref.
class openapi_check {
public:
  explicit openapi_check(std::string_view document);

  /// What of `answer` is not as described, one line each: status, media type, fields. Nothing is right about a path that is not there,
  /// but for its being refused as a problem.
  std::vector<std::string> judge(const console_answer& answer) const;

  /// What `value` lacks of `schema`; `where` is how the value is named.
  std::vector<std::string> judge(const boost::json::value& schema, const boost::json::value& value, const std::string& where) const;

private:
  const boost::json::value& resolved(const boost::json::value& schema) const;
  const boost::json::object* operation(const console_answer& answer) const;

  boost::json::value document_;
};

} // namespace lode::test

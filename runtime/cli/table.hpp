#pragma once

#include <boost/json/object.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace lode {

/// Rows under headings, columns aligned; numbers stand right. What would drive a terminal is taken out of the cells.
class table {
public:
  explicit table(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);
  void print(std::ostream& out) const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// A field of an answer as people read it: "" for null and what is missing.
std::string cell(const boost::json::object& object, std::string_view key);
/// A list of texts, joined with commas.
std::string joined_cell(const boost::json::object& object, std::string_view key);

} // namespace lode

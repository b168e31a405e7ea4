#pragma once

#include <boost/json/object.hpp>

#include <string>

/// Reading answers of programs that we started ourselves: what is missing reads as nothing.
namespace lode::demo {

std::string text_in(const boost::json::object& object, const char* name);
int64_t number_in(const boost::json::object& object, const char* name);
bool flag_in(const boost::json::object& object, const char* name);
/// An empty object when there is none of this name.
const boost::json::object& object_in(const boost::json::object& object, const char* name);
/// The object in `text`, or an empty one.
boost::json::object parse_object(const std::string& text);

} // namespace lode::demo

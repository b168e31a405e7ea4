#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace lode {

/// A name as a shell takes it: in quotes where it needs them.
std::string quoted(const std::string& name);

struct why_facts {
  std::string tenant;
  std::string tenant_state; ///< "" where it was not asked: nothing is paused or suspended
  std::string now;          ///< RFC 3339
};

/// In plain words what a connection waits for, since when, until when, what would help, and what to type for it. `why` is an item of
/// `connections` of GET /tenants/T/why.
std::vector<std::string> why_text(const boost::json::object& why, const why_facts& facts);

} // namespace lode

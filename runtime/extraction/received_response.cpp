#include "runtime/extraction/received_response.hpp"

namespace lode {

json_node received_response::json() {
  parse();
  return why_not_ ? json_node{} : document_.root();
}

const caf::error& received_response::why_not_json() {
  parse();
  return why_not_;
}

void received_response::parse() {
  if (is_parsed_)
    return;
  is_parsed_ = true;
  why_not_ = document_.parse_shallow(body_);
}

} // namespace lode

#pragma once

#include <string>

#include "messages/streaming.hpp"

namespace lode::examples {

/// A change as the members of a JSON object, without its braces, on one line:
///
///   "seq":7,"tenant":"acme","connection":"main","source":"crm","stream":"contacts","change":"updated","key":"512",
///   "hash":"00..","committed":"2026-01-31T08:15:00Z","record":{..}
///
/// Instead of `record`: "replaced":true where the record has changed again since, nothing where it was deleted. The record stands there as
/// the API sent it, number for number; only line breaks between its tokens have become spaces.
std::string members_of(const delivered_change& change);

/// 2026-01-31T08:15:00Z, with six decimals when they are not all zero.
std::string time_text(instant time);

} // namespace lode::examples

#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/json_text.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode::expression {

/// 2023-11-14T22:13:20.123456Z is "now" in all tests.
inline context test_context() {
  constexpr std::string_view names = R"({
    "config": {"a": "x", "n": 5, "f": 1.5, "t": true, "none": null, "l": [1, "b", 2.5], "d": {"k": "v", "e": {}},
               "start": "2024-01-31T10:00:00Z", "num": "007", "s": "it's", "empty": "", "tickers": "A, B,C",
               "big": 12345678901234567890123, "exact": 0.12345678901234567890, "amount": "1.10"},
    "record": {"id": 12, "name": "Ann", "tags": ["x", "Y", "x"],
               "items": [{"id": 1, "k": "a"}, {"id": 2, "k": "b"}], "nested": {"v": null}},
    "response": {"paging": {"next": "http://n?a=1&b=2"}, "data": []},
    "stream_slice": {"p": "q", "start_time": "2024-01-01"},
    "headers": {"link": {"next": {"url": "u"}}}})";
  context out{date_time{1'700'000'000'123'456, 0, true}};
  auto parsed = parse_json(names);
  for (auto& [name, item] : parsed->map())
    out.set(name, item);
  return out;
}

/// The repr of an interpolated string, or "failure: ...".
inline std::string evaluate_to_repr(std::string_view text) {
  auto code = program::parse(text);
  if (!code)
    return "parse: " + code.error().message;
  auto found = evaluate(*code, test_context());
  return found ? to_repr(*found) : "failure: " + found.error().message;
}

/// What a template yields; expected values come from running the reference implementation.
struct template_case {
  std::string_view text, expected;
};

inline void expect_all(const std::vector<template_case>& cases) {
  for (auto [text, expected] : cases)
    EXPECT_EQ(evaluate_to_repr(text), expected) << text;
}

} // namespace lode::expression

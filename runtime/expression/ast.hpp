#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/expression/functions.hpp"
#include "runtime/expression/value.hpp"

/// The parsed form of a template; internal to this folder.
namespace lode::expression {

struct node;
using node_pointer = std::unique_ptr<const node>;
using node_list = std::vector<node_pointer>;

enum class operation : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  concatenate,
  logical_and,
  logical_or,
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  in,
  not_in,
};

enum class sign : uint8_t { logical_not, minus, plus };

struct literal_node {
  value constant;
};
struct name_node {
  std::string name;
};
struct attribute_node {
  node_pointer object;
  std::string name;
};
struct index_node {
  node_pointer object, index;
};
/// Absent parts are null.
struct slice_node {
  node_pointer object, first, last, step;
};
/// A macro, filter or method. Arguments stand in the row's order, absent ones are null; the
/// subject of a filter or method is the first.
struct call_node {
  const function_row* row;
  node_list arguments;
};
struct test_node {
  const function_row* row;
  node_list arguments;
  bool is_negated;
};
struct unary_node {
  sign which;
  node_pointer operand;
};
struct binary_node {
  operation which;
  node_pointer left, right;
};
/// `a < b < c`
struct comparison_node {
  node_pointer first;
  std::vector<std::pair<operation, node_pointer>> rest;
};
struct conditional_node {
  node_pointer condition, then, otherwise; ///< otherwise may be null: undefined
};
struct list_node {
  node_list items;
};
struct map_node {
  std::vector<std::pair<node_pointer, node_pointer>> entries;
};

using node_form = std::variant<literal_node, name_node, attribute_node, index_node, slice_node, call_node, test_node,
                               unary_node, binary_node, comparison_node, conditional_node, list_node, map_node>;

struct node {
  node_form form;
  uint32_t column; ///< 1-based, in the template
  uint32_t depth;  ///< of the tree below; bounded, so evaluation may recurse
};

/// The depth of the deepest child; 0 when there is none.
uint32_t depth_below(const node_form& form);

/// Text or an expression.
using template_part = std::variant<std::string, node_pointer>;

struct template_node {
  std::string source;
  std::vector<template_part> parts;
  value parameters;
};

} // namespace lode::expression

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runtime/expression/json_text.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

class json_writer {
public:
  explicit json_writer(json_style style) : style_(style) {}

  bool write(const value& item) {
    switch (item.kind()) {
      case kind::none:
        out += "null";
        return true;
      case kind::boolean:
        out += item.boolean() ? "true" : "false";
        return true;
      case kind::real:
        if (!std::isfinite(item.real()))
          return refuse("a number that is not finite");
        out += real_to_text(item.real());
        return true;
      case kind::integer:
      case kind::number:
        out += to_text(item);
        return true;
      case kind::string:
        write_text(item.string());
        return true;
      case kind::list:
        return write_list(item.list());
      case kind::map:
        return write_map(item.map());
      default:
        return refuse(kind_name(item.kind()));
    }
  }

  std::string out;
  std::string refused;

private:
  bool refuse(std::string_view what) {
    refused = what;
    return false;
  }

  void separate() { out += style_.compact ? "," : ", "; }

  bool write_list(const value_list& items) {
    out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0)
        separate();
      if (!write(items[i]))
        return false;
    }
    out += ']';
    return true;
  }

  bool write_map(const value_map& entries) {
    std::vector<const value_map::entry*> order;
    for (auto& each : entries)
      order.push_back(&each);
    if (style_.sorted_keys)
      std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->first < b->first; });
    out += '{';
    for (auto* each : order) {
      if (each != order.front())
        separate();
      write_text(each->first);
      out += style_.compact ? ":" : ": ";
      if (!write(each->second))
        return false;
    }
    out += '}';
    return true;
  }

  void write_text(std::string_view text) {
    out += '"';
    if (!style_.ascii) {
      for (char c : text)
        write_character(static_cast<unsigned char>(c), c);
    } else {
      for (auto point : to_code_points(text))
        if (point < 0x80)
          write_character(point, static_cast<char>(point));
        else
          write_code(point);
    }
    out += '"';
  }

  void write_character(char32_t point, char c) {
    constexpr std::string_view special = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
    if (auto at = special.find(c); at != special.npos)
      out += {'\\', letters[at]};
    else if (point < 0x20)
      write_code(point);
    else
      out += c;
  }

  void write_code(char32_t point) {
    if (point > 0xffff) {
      write_code(0xd800 + ((point - 0x10000) >> 10));
      point = 0xdc00 + ((point - 0x10000) & 0x3ff);
    }
    char buffer[8];
    std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(point & 0xffff));
    out += buffer;
  }

  json_style style_;
};

} // namespace

result<std::string> to_json(const value& item, json_style style) {
  json_writer writer{style};
  if (!writer.write(item))
    return failure{"JSON can't hold " + writer.refused, 0};
  return std::move(writer.out);
}

} // namespace lode::expression

#pragma once

#include <boost/json/array.hpp>

#include <cstddef>
#include <string>

namespace lode {

struct sparkline {
  std::string bars;  ///< one column for each; blank: nothing was measured then
  double most = 0;   ///< what the highest bar stands for
  bool is_known = false; ///< something was measured at all
};

/// Numbers (null: not measured) as at most `columns` bars from 0 to the greatest; several numbers of one bar are averaged.
/// Without UTF-8 the bars are ASCII.
sparkline make_sparkline(const boost::json::array& values, size_t columns, bool has_utf8);

} // namespace lode

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/terminal/screen_line.hpp"

/// `lode top` as pure functions: documents, state and size -> lines.
namespace lode {

enum class connection_order : unsigned char { worst, lateness, name, rate };

/// As the API names it.
const char* name_of(connection_order order);

/// What the node answered last.
struct top_documents {
  boost::json::object overview;
  boost::json::array connections; ///< rows of /tenants?view=standing, those with the first places
  std::optional<double> total;    ///< how many rows there are; nothing: more than the node counts
  bool are_all = true;            ///< no row comes after these
  connection_order order = connection_order::worst; ///< in which they are
  boost::json::object history;    ///< empty: none was had
};

/// That the node does not answer any more, or only that something is wrong.
struct top_silence {
  int status = 0; ///< what it answers; 0: nothing
  std::string since; ///< RFC 3339
  std::chrono::seconds lasts{0};
  std::string reason;
};

/// What the person who looks has chosen.
struct top_state {
  std::string address;
  size_t first = 0; ///< the first connection on show
  std::optional<top_silence> silence;
  bool has_utf8 = true;
  bool has_keys = true; ///< a person may press some: they are named at the foot
};

struct screen_size {
  size_t width = 80;
  size_t height = 24; ///< 0: as many lines as there are
};

/// At most `height` lines of at most `width` columns.
std::vector<screen_line> top_view(screen_size size, const top_documents& documents, const top_state& state);

/// How many connections are on show at once: by so much a page is turned.
size_t connections_on_show(screen_size size, const top_documents& documents);

} // namespace lode

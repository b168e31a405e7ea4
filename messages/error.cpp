#include "messages/error.hpp"

#include <array>
#include <string_view>

#include "messages/type_ids.hpp"

namespace lode {

namespace {

struct row {
  errc code;
  const char* name;
  disposition follows;
};

constexpr std::array rows{
  row{errc::none, "none", disposition::refuse},
  row{errc::unreachable, "unreachable", disposition::retry_later},
  row{errc::server_failed, "server_failed", disposition::retry_later},
  row{errc::bad_response, "bad_response", disposition::retry_later},
  row{errc::rate_limited, "rate_limited", disposition::wait},
  row{errc::store_unavailable, "store_unavailable", disposition::wait},
  row{errc::page_failed, "page_failed", disposition::give_up_page},
  row{errc::rejected, "rejected", disposition::give_up_page},
  row{errc::unauthorized, "unauthorized", disposition::suspend},
  row{errc::bad_source, "bad_source", disposition::suspend},
  row{errc::stale_version, "stale_version", disposition::resume_from_store},
  row{errc::not_owner, "not_owner", disposition::resume_from_store},
  row{errc::unknown_outcome, "unknown_outcome", disposition::wait},
  row{errc::not_found, "not_found", disposition::refuse},
  row{errc::conflict, "conflict", disposition::refuse},
  row{errc::bad_argument, "bad_argument", disposition::refuse},
  row{errc::internal, "internal", disposition::escalate},
};

constexpr bool rows_follow_the_enum() {
  for (size_t i = 0; i < rows.size(); ++i)
    if (static_cast<size_t>(rows[i].code) != i)
      return false;
  return rows.size() == static_cast<size_t>(errc::internal) + 1;
}
static_assert(rows_follow_the_enum());

} // namespace

std::string to_string(errc x) {
  auto i = static_cast<size_t>(x);
  return i < rows.size() ? rows[i].name : "?";
}

bool from_string(caf::string_view in, errc& out) {
  for (const auto& r : rows)
    if (std::string_view{in.data(), in.size()} == r.name) {
      out = r.code;
      return true;
    }
  return false;
}

bool from_integer(uint8_t in, errc& out) {
  out = static_cast<errc>(in);
  return in < rows.size();
}

disposition disposition_of(errc code) {
  auto i = static_cast<size_t>(code);
  return i < rows.size() ? rows[i].follows : disposition::escalate;
}

disposition disposition_of(const caf::error& error) {
  if (error.category() != caf::type_id_v<errc>)
    return disposition::escalate;
  return disposition_of(static_cast<errc>(error.code()));
}

std::string message_of(const caf::error& error) {
  if (auto context = error.context(); context.size() > 0)
    return context.match_element<std::string>(0) ? context.get_as<std::string>(0) : to_string(context);
  return to_string(error);
}

} // namespace lode

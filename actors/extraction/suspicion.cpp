#include "actors/extraction/suspicion.hpp"

#include "actors/extraction/connection_context.hpp"
#include "runtime/expression/datetime_format.hpp"

namespace lode {

namespace {

constexpr int32_t deaths_of_a_suspect = 3;
constexpr int32_t deaths_of_proof = 2;

std::string text_of(instant time) {
  return expression::format_date_time({time.time_since_epoch().count()}, "%Y-%m-%dT%H:%M:%SZ");
}

} // namespace

standing standing_of(const continuation_row& row) {
  if (row.crash_resumes < deaths_of_a_suspect)
    return standing::trusted;
  return row.alone_deaths < deaths_of_proof ? standing::suspect : standing::condemned;
}

std::string reason_for_suspension(const connection_context& connection, size_t stream, const continuation_row& row) {
  auto where = connection.path_of(stream);
  if (!row.partition.empty())
    where += " of " + row.partition;
  if (!row.slice.is_whole())
    where += " from " + text_of(row.slice.from) + " to " + text_of(row.slice.to);
  return where + ": the process died while this page was in work, " + std::to_string(row.alone_deaths)
         + " times with nothing beside it. Find out what in the API's answer does that, then: lode connection resume "
         + connection.tenant_name + " " + connection.connection_name;
}

} // namespace lode

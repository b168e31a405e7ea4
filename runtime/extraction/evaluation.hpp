#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>

#include "messages/storage.hpp"
#include "messages/wire/continuation.pb.h"
#include "runtime/expression/context.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/manifest/plan.hpp"

/// What templates may read, put together.
namespace lode {

expression::date_time to_date_time(instant moment);
instant to_instant(expression::date_time moment);

/// The values of a partition ("" has none). Fails with errc::internal: Lode wrote the text itself.
caf::expected<expression::value> partition_values(std::string_view partition);

/// The bounds that requests and templates of this slice name: the state's where it has some, else the row's.
slice_bounds printed_bounds(const wire::continuation_state& state, const slice_bounds& slice);

/// The text of a bound in the format of slices.
std::string print_bound(const incremental_plan& plan, instant moment);

/// `config` and `stream_slice` of one continuation.
caf::expected<expression::context> names_of(const stream_plan& stream, const expression::value& config,
                                            std::string_view partition, const slice_bounds& bounds, instant now);

/// A context that holds only the configuration.
expression::context names_of(const expression::value& config, instant now);

/// Evaluates to text; errors are errc::bad_source and name `what`.
caf::expected<std::string> text_of(const expression::program& code, const expression::context& names,
                                   std::string_view what);

/// The text that the template yields as it is written: text_of would read JSON as a Python literal and print it with other
/// quotes. Fails as text_of does, and when a single expression has no value.
caf::expected<std::string> written_text(const expression::program& code, const expression::context& names,
                                        std::string_view what);

} // namespace lode

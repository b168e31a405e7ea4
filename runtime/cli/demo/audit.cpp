#include "runtime/cli/demo/audit.hpp"

#include <boost/json.hpp>
#include <unistd.h>

#include "runtime/cli/demo/files.hpp"
#include "runtime/cli/demo/interrupt.hpp"
#include "runtime/cli/demo/json_fields.hpp"

namespace lode::demo {

audit_result run_audit(const workplace& place, const stage& stage, const std::vector<std::string>& sick) {
  auto result_file = place.in("audit.json");
  auto log = place.in("audit.log");
  unlink(result_file.c_str());
  unlink(log.c_str());
  std::string names;
  for (const auto& name : sick)
    names += (names.empty() ? "" : ",") + name;
  auto code = run_to_end({place.program("lode-audit"), "--truth", stage.apis().address(), "--served-only", names, "--json", result_file},
                         log, {"LODE_PG_DSN=" + stage.dsn()});
  check_interrupt();
  auto result = parse_object(read_text(result_file));
  if (code > 1 || result.empty())
    throw failure{"lode-audit could not audit:\n" + last_lines(read_text(log), 10)};
  audit_result out;
  out.is_clean = code == 0 && flag_in(result, "verified");
  out.records = number_in(result, "records");
  out.versions_served = number_in(result, "versions_served");
  out.lost = number_in(result, "lost");
  out.duplicated = number_in(result, "duplicated");
  out.damaged = number_in(result, "damaged");
  out.text = read_text(log);
  return out;
}

} // namespace lode::demo

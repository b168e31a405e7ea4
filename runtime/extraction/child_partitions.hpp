#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "runtime/expression/context.hpp"
#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/page_reader.hpp"

namespace lode {

/// Collects the partitions of child streams that the records of one parent stream cause.
class child_collector {
public:
  /// Finds the children of `parent`. `names` holds config and stream_slice of the parent. Fails with errc::bad_source.
  static caf::expected<child_collector> make(const source_plan& source, size_t parent,
                                             std::string_view parent_partition, const expression::context& names);

  /// Adds what one record (filtered and transformed) causes; one without the parent key causes nothing.
  void add(json_node record);
  std::vector<child_partition> take() { return std::move(partitions_); }

private:
  struct link {
    size_t stream;
    field_path parent_key;
    std::string partition_field;
    std::vector<field_path> extra_fields;
    std::vector<std::string>
      products; ///< members `"name":value,` of list routers beside this one, one text per combination
  };
  std::string partition_text(const link& child, json_node key, json_node record, const std::string& product);

  std::vector<link> links_;
  std::string parent_partition_; ///< canonical, "" for none
  std::vector<child_partition> partitions_;
  std::unordered_set<std::string> known_;
  json_document scratch_;
  canonical_writer canonical_;
};

/// The combinations of values of `routers`' list routers, each as members `"name":value,`; {""} when there are none.
caf::expected<std::vector<std::string>> list_products(const std::vector<partition_router>& routers,
                                                      const expression::context& names);

} // namespace lode

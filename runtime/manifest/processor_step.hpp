#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/manifest/lode_extension.hpp"

namespace lode {

class component;
struct json_tree; // runtime/extraction/json_tree.hpp
template <class T>
class registry;

/// What a step makes of a record.
struct step_result {
  enum class fate : uint8_t {
    keep, ///< goes on as it stands now
    drop, ///< is no record: not stored, its children are not mined
    bury, ///< a dead letter as it stands now, with `reason`
  };
  fate what = fate::keep;
  std::string reason;
};

struct step_inputs {
  uint64_t hash_seed = 0; ///< the store's; never changes
};

/// What each record passes after the source's transformations, before its key is read and it is hashed (`x-lode.steps`).
/// A pure function: the same record and inputs give the same result on every node and after every restart, else records
/// look changed that are not. Several processors call it at once. What it throws makes a dead letter.
class processor_step {
public:
  virtual ~processor_step() = default;
  virtual step_result apply(json_tree& record, const step_inputs& inputs) const = 0;
};

/// What a step is made from when its source is loaded.
struct step_request {
  const component& settings; ///< the map below the step's name; mistakes are told with settings.error(message, key)
  const std::vector<field_path>& primary_key; ///< of its stream; empty = none
};

/// Makes a step, or nothing after it has told what is wrong.
using step_factory = std::function<processor_step_pointer(const step_request&)>;
using step_registry = registry<step_factory>;

} // namespace lode

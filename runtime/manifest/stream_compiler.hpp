#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/manifest/component.hpp"
#include "runtime/manifest/manifest_setup.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// Compiles the streams of one manifest. A parent that is written the same way as a stream that is
/// known already is that stream; others are added with `is_selectable` false.
class stream_compiler {
public:
  /// `setup` must outlive the compiler.
  stream_compiler(std::string file, const manifest_setup& setup) : file_(std::move(file)), setup_(setup) {}

  /// Adds one stream of the manifest's list. What is wrong with it goes to `notes()`; a stream with
  /// unsupported parts goes to `unsupported()`.
  void add(const manifest_node_pointer& stream, const std::string& path);

  std::vector<stream_plan>& streams() { return streams_; }
  std::vector<unsupported_stream>& unsupported() { return unsupported_; }
  /// Errors and warnings of all streams.
  std::vector<diagnostic>& notes() { return notes_; }

private:
  struct compiled {
    std::optional<stream_plan> plan; ///< absent after an error or an unsupported feature
    compilation made;
  };

  compiled compile(const manifest_node_pointer& stream, const std::string& path, int depth);
  void compile_retriever(const component& retriever, stream_plan& out, const used_parts& used, compilation& made,
                         int depth);
  void compile_router(const component& router, stream_plan& out, compilation& made, int depth);
  substream_router compile_substream(const component& router, compilation& made, int depth);
  /// Index of the stream, which is added if it is new.
  size_t place(stream_plan plan, const std::string& fingerprint, bool is_selectable);

  std::string file_;
  const manifest_setup& setup_;
  std::vector<stream_plan> streams_;
  std::vector<unsupported_stream> unsupported_;
  std::vector<diagnostic> notes_;
  std::map<std::string, size_t> known_; // fingerprint -> index
  int renamed_ = 0;
};

} // namespace lode

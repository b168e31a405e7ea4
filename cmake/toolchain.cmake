# The compiler, its flags, ccache and the linker. Flags live on lode_flags only.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

set(LODE_SANITIZE "" CACHE STRING "Sanitizers, as the compiler's -fsanitize= takes them")
option(LODE_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)

find_program(LODE_CCACHE ccache)
if(LODE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${LODE_CCACHE})
endif()

add_library(lode_flags INTERFACE)
# Warnings are our own affair; a program that uses the installed package sets those that it likes.
target_compile_options(lode_flags INTERFACE $<BUILD_INTERFACE:-Wall> $<BUILD_INTERFACE:-Wextra>
                       $<BUILD_INTERFACE:$<$<BOOL:${LODE_WARNINGS_AS_ERRORS}>:-Werror>>)
target_include_directories(lode_flags INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/lode>)
find_program(LODE_MOLD mold)
if(LODE_MOLD)
  target_link_options(lode_flags INTERFACE $<BUILD_INTERFACE:-fuse-ld=mold>) # who links an installed Lode may have none
endif()
if(LODE_SANITIZE)
  target_compile_options(lode_flags INTERFACE -fsanitize=${LODE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(lode_flags INTERFACE -fsanitize=${LODE_SANITIZE})
endif()
# Debug means: quick to compile, still fast enough for real sockets and servers in tests.
set(CMAKE_CXX_FLAGS_DEBUG "-g1 -O1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

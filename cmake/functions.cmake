# lode_library(name DEPENDS ...): the folder's own *.cpp as one static library. Targets follow folders one to one.
function(lode_library name)
  cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC lode_flags ${arg_DEPENDS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE lode_flags ${arg_DEPENDS})
  endif()
endfunction()

# lode_unchecked(SOURCES...): what is no part of Lode (tests, the simulated APIs, the audit, Boost's own code) is compiled
# without the checks for undefined behaviour, which double the time that takes. The address sanitizer stays.
function(lode_unchecked)
  if(LODE_SANITIZE MATCHES undefined)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=undefined)
  endif()
endfunction()

# lode_test(name LABEL label SOURCES ... DEPENDS ...): one GoogleTest program, one test of ctest's.
# Labels: unit, contract, integration, scenario, browser (their time budgets: tests/budgets).
function(lode_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;DEPENDS;PROPERTIES" ${ARGN})
  if(NOT arg_SOURCES)
    message(WARNING "lode_test(${name}): no sources")
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  lode_unchecked(${arg_SOURCES})
  if(CMAKE_BUILD_TYPE STREQUAL Debug)
    set_property(SOURCE ${arg_SOURCES} APPEND PROPERTY COMPILE_OPTIONS -O0) # run once, compiled often
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE lode_flags ${arg_DEPENDS} lode_test_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77 ${arg_PROPERTIES})
endfunction()

# What `cmake --install` puts where. A program with extensions of its own says find_package(Lode) and links Lode::lode; its unit
# tests link Lode::testing. `kit` builds all that is installed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(lode_package ${CMAKE_INSTALL_LIBDIR}/cmake/Lode)

add_library(lode_kit INTERFACE)
target_link_libraries(lode_kit INTERFACE lode_cli_commands)
target_compile_features(lode_kit INTERFACE cxx_std_20)
set_target_properties(lode_kit PROPERTIES EXPORT_NAME lode)
add_library(Lode::lode ALIAS lode_kit)

# Libraries of the folder and of those below it.
function(lode_libraries_below folder result)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(subfolders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  set(found)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type MATCHES "^(STATIC|INTERFACE)_LIBRARY$")
      list(APPEND found ${target})
    endif()
  endforeach()
  foreach(subfolder IN LISTS subfolders)
    lode_libraries_below(${subfolder} below)
    list(APPEND found ${below})
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

set(libraries lode_kit lode_flags lode_caf lode_boost)
foreach(folder messages config runtime actors cluster)
  lode_libraries_below(${PROJECT_SOURCE_DIR}/${folder} found)
  list(APPEND libraries ${found})
endforeach()
install(TARGETS ${libraries} EXPORT LodeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/lode)
install(EXPORT LodeTargets NAMESPACE Lode:: DESTINATION ${lode_package})

set(programs lode)
set(lode_has_testing OFF)
if(LODE_TESTING AND TARGET lode_test_main)
  set(lode_has_testing ON)
  add_library(lode_testing INTERFACE)
  target_link_libraries(lode_testing INTERFACE lode_kit lode_test_main)
  set_target_properties(lode_testing PROPERTIES EXPORT_NAME testing)
  add_library(Lode::testing ALIAS lode_testing)
  install(TARGETS lode_testing lode_test_main EXPORT LodeTestingTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/lode)
  install(EXPORT LodeTestingTargets NAMESPACE Lode:: DESTINATION ${lode_package})
  install(FILES tests/support/actor_test.hpp tests/support/extension_test.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lode/tests/support)
  list(APPEND libraries lode_testing lode_test_main)
  foreach(program lode-simapi lode-audit) # the cluster of docs/extending.md mines the one and is judged by the other
    if(TARGET ${program})
      list(APPEND programs ${program})
    endif()
  endforeach()
endif()
install(TARGETS ${programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
add_custom_target(kit)
foreach(target IN LISTS libraries programs)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL INTERFACE_LIBRARY)
    add_dependencies(kit ${target})
  endif()
endforeach()

# `#include "runtime/cli/program.hpp"` is the same inside and outside.
foreach(folder messages config runtime actors cluster)
  install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lode FILES_MATCHING PATTERN *.hpp PATTERN web EXCLUDE
          PATTERN templates EXCLUDE)
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/generated/messages DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lode FILES_MATCHING PATTERN *.pb.h)

# A cluster on one machine, as in a checkout.
set(share ${CMAKE_INSTALL_DATADIR}/lode)
install(PROGRAMS cluster/local DESTINATION ${share}/cluster)
install(PROGRAMS setup/servers DESTINATION ${share}/setup)
install(FILES setup/lib.sh setup/postgresql.conf DESTINATION ${share}/setup)
install(DIRECTORY config/examples DESTINATION ${share}/config)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# CAF is looked for where this build found it.
get_filename_component(lode_caf_prefix ${CAF_DIR}/../../.. ABSOLUTE)
configure_package_config_file(cmake/LodeConfig.cmake.in ${PROJECT_BINARY_DIR}/package/LodeConfig.cmake INSTALL_DESTINATION ${lode_package}
                              PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/LodeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/LodeConfig.cmake ${PROJECT_BINARY_DIR}/package/LodeConfigVersion.cmake
        cmake/dependencies.cmake DESTINATION ${lode_package})

# `cmake --install`: public headers, the library, the program, and a package for
# find_package(pellucid). All paths in it are relative to the prefix, so that
# the whole can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pellucid)

install(TARGETS pellucid EXPORT pellucid-targets
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET pellucid_app)
  install(TARGETS pellucid_app)
endif()
install(DIRECTORY include/pellucid
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT pellucid-targets NAMESPACE pellucid::
        DESTINATION ${package_dir})

get_target_property(library_type pellucid TYPE)
string(COMPARE EQUAL ${library_type} STATIC_LIBRARY PELLUCID_STATIC)
configure_package_config_file(
  cmake/pellucid-config.cmake.in ${PROJECT_BINARY_DIR}/pellucid-config.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/pellucid-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/pellucid-config.cmake
        ${PROJECT_BINARY_DIR}/pellucid-config-version.cmake
        ${PROJECT_SOURCE_DIR}/cmake/PellucidDependencies.cmake
  DESTINATION ${package_dir})

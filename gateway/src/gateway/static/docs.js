"use strict";
// validatorUrl null: nothing about this installation is sent to a validator outside.
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tagsSorter: "alpha",
  persistAuthorization: false,
  validatorUrl: null,
});

"""What every HTTP edge shares: errors, inputs, sign-ins, sockets, templates, the OpenAPI document."""

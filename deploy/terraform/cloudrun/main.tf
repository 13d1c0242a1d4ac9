locals {
  # One vCPU and one worker. One core answered at least 49,600 single predictions a second (docs/capacity.md), on
  # loopback; what Google's front end and TLS take of it was not measured, so a tenth of that is planned with.
  planned_per_instance = 4960
  # The autoscaler aims at 60 % of the processor: an instance carries 2,976 a second, and 20,000 need 7 and one to spare.
  max_instances = ceil(var.peak_per_second / (local.planned_per_instance * 0.6)) + 1
  # Little's law: 4,960 a second at the objective's 50 ms are 248 in flight at the worst, at the usual few ms about ten.
  # More than 250 are better told to wait in front of another instance.
  concurrency = 250

  image = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/puntual:${var.image_tag}"
}

resource "google_project_service" "used" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
  ])
  service            = each.key
  disable_on_destroy = false
}

resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of Puntual"

  docker_config {
    # What was rehearsed under a tag is what runs under it.
    immutable_tags = true
  }

  cleanup_policies {
    id     = "keep-the-last"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }

  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "30d"
    }
  }

  depends_on = [google_project_service.used]
}

# Who the service is. It reads its keys and writes its metrics, and nothing else.
resource "google_service_account" "service" {
  account_id   = "${var.name}-run"
  display_name = "Puntual on Cloud Run"
}

resource "google_project_iam_member" "writes_metrics" {
  project = var.project
  role    = "roles/monitoring.metricWriter"
  member  = google_service_account.service.member
}

resource "google_secret_manager_secret" "keys" {
  secret_id = "${var.name}-keys"
  replication {
    auto {}
  }
  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_iam_member" "reads_keys" {
  secret_id = google_secret_manager_secret.keys.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service.member
}

resource "google_cloud_run_v2_service" "service" {
  name                 = var.name
  location             = var.region
  ingress              = var.ingress
  invoker_iam_disabled = false
  deletion_protection  = var.deletion_protection

  template {
    service_account = google_service_account.service.email
    # A full Linux: cgroups, /proc and the options of sockets that the service uses.
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = local.concurrency
    timeout                          = "30s"

    scaling {
      min_instance_count = var.min_instances
      max_instance_count = local.max_instances
    }

    containers {
      name  = "puntual"
      image = local.image
      # Cloud Run sets PORT and gives 10 s after SIGTERM; the drain takes 7.5 s at most.
      args = concat(
        ["serve", "--host", "0.0.0.0", "--workers", "1", "--connections", "1000"],
        var.model == "" ? [] : ["--model", var.model],
        var.keys_secret_version == "" ? [] : ["--auth", "keys:/etc/puntual/keys.json"],
        var.collector_image == "" ? [] : ["--otlp-endpoint", "http://localhost:4318", "--otlp-metrics", "cumulative"],
      )

      ports {
        container_port = 8080
      }

      resources {
        limits = { cpu = "1", memory = "512Mi" }
        # Processors, and their price, only while there are requests; a frozen instance goes on with its worker. Pushes of
        # metrics wait for the next request as well: with a collector the processor stays.
        cpu_idle = var.collector_image == ""
        # A start computes: the model is checked and compiled.
        startup_cpu_boost = true
      }

      # Traffic comes as soon as this has passed, so it must mean ready.
      startup_probe {
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 60
        http_get {
          path = "/readyz"
          port = 8080
        }
      }

      liveness_probe {
        period_seconds    = 10
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/livez"
          port = 8080
        }
      }

      dynamic "volume_mounts" {
        for_each = var.keys_secret_version == "" ? [] : [1]
        content {
          name       = "keys"
          mount_path = "/etc/puntual"
        }
      }
    }

    dynamic "containers" {
      for_each = var.collector_image == "" ? [] : [var.collector_image]
      content {
        name       = "collector"
        image      = containers.value
        depends_on = ["puntual"]
        resources {
          limits   = { cpu = "1", memory = "256Mi" }
          cpu_idle = false
        }
      }
    }

    dynamic "volumes" {
      for_each = var.keys_secret_version == "" ? [] : [1]
      content {
        name = "keys"
        secret {
          secret = google_secret_manager_secret.keys.secret_id
          items {
            version = var.keys_secret_version
            path    = "keys.json"
          }
        }
      }
    }
  }

  # A canary: two entries, the second with `type = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"`, `revision` and `percent`.
  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  depends_on = [
    google_project_service.used,
    google_secret_manager_secret_iam_member.reads_keys,
  ]
}

# Only who is named here gets past Google's front end.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers
  project  = google_cloud_run_v2_service.service.project
  location = google_cloud_run_v2_service.service.location
  name     = google_cloud_run_v2_service.service.name
  role     = "roles/run.invoker"
  member   = each.value
}

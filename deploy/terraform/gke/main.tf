locals {
  namespace       = "puntual"
  service_account = "puntual"
}

resource "google_project_service" "used" {
  for_each           = toset(["container.googleapis.com", "iamcredentials.googleapis.com"])
  service            = each.key
  disable_on_destroy = false
}

resource "google_container_cluster" "autopilot" {
  name                = var.name
  location            = var.region
  enable_autopilot    = true
  deletion_protection = var.deletion_protection

  release_channel {
    channel = "REGULAR"
  }

  # Reached by IAM over its name, not by an address.
  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = false
    }
  }

  depends_on = [google_project_service.used]
}

# The pods' account in the cluster, known to IAM without a key: nothing is granted to it but the bucket of models.
resource "google_storage_bucket_iam_member" "reads_models" {
  count  = var.model_bucket == "" ? 0 : 1
  bucket = var.model_bucket
  role   = "roles/storage.objectViewer"
  member = "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${var.project}.svc.id.goog/subject/ns/${local.namespace}/sa/${local.service_account}"
}

data "google_project" "this" {}

resource "helm_release" "puntual" {
  name             = var.name
  namespace        = local.namespace
  create_namespace = true
  chart            = "${path.module}/../../helm/puntual"
  atomic           = true
  timeout          = 600

  values = [yamlencode({
    image          = { repository = var.image_repository, tag = var.image_tag }
    model          = { name = var.model }
    serviceAccount = { name = local.service_account }
    # Autopilot checks requests against its classes and changes what does not fit: one processor with 1 GiB fits all.
    resources = {
      requests = { cpu = "1", memory = "1Gi" }
      limits   = { memory = "1Gi" }
    }
    replicas = null
    autoscaling = {
      enabled     = true
      minReplicas = 2
      maxReplicas = var.max_replicas
    }
    # A cloud load balancer takes 15 to 20 s to forget an endpoint.
    drain = { preStopSeconds = 20 }
  })]
}
